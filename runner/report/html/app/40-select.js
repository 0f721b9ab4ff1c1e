// Which rows are shown, how many there are of each sort, and in which order.

const facetNames = ['kind', 'suite', 'owner'];

// Selection is what a state shows of the data.
class Selection {
  constructor(data) {
    this.data = data;
    this.rows = new Uint32Array(0);
    this.mistakes = [];
    this.orders = new Map(); // by column, the ranks of its texts
  }

  // update makes the selection that of the state, and says whether it is another one.
  update(state) {
    const filter = JSON.stringify([state.q, state.status, state.kind, state.suite, state.owner, state.host]);
    if (filter === this.filter && state.sort === this.sort) return false;
    if (filter !== this.filter) this.select(state);
    this.rows = this.sorted(this.selected, state.sort);
    [this.filter, this.sort] = [filter, state.sort];
    return true;
  }

  // select finds the rows, and counts for each facet what it would offer: the rows that
  // all other choices leave.
  select(state) {
    const { data } = this;
    const { terms, mistakes } = parseQuery(state.q, data.outcomes);
    this.mistakes = mistakes;
    const query = compileQuery(data, terms);
    const status = chosen(data.outcomes, state.status);
    const facets = facetNames.map((name) => this.facet(name, state[name]));
    const hosts = state.host.length ? this.hostChoice(state.host) : null;
    this.statusCounts = new Uint32Array(data.outcomes.length);
    const rows = new Uint32Array(data.rowCount);
    const [kind, suite, owner] = facets;
    let n = 0;
    for (let row = 0; row < data.rowCount; row++) {
      if (hosts && !hosts[data.host[row]]) continue;
      if (query && !query(row)) continue;
      const check = data.check[row];
      const outcome = data.outcome[row];
      // A bit for each choice that the row misses; one miss alone still counts for its facet.
      const missed =
        (status[outcome] ? 0 : 1) |
        (kind.good[check] ? 0 : 2) |
        (suite.good[check] ? 0 : 4) |
        (owner.good[check] ? 0 : 8);
      if ((missed & ~1) === 0) this.statusCounts[outcome]++;
      if ((missed & ~2) === 0) kind.counts[kind.value[check]]++;
      if ((missed & ~4) === 0) suite.counts[suite.value[check]]++;
      if ((missed & ~8) === 0) owner.counts[owner.value[check]]++;
      if (missed === 0) rows[n++] = row;
    }
    this.facets = Object.fromEntries(facets.map((f, i) => [facetNames[i], f]));
    this.selected = rows.slice(0, n);
  }

  // facet prepares a column of the checks: its values, and which of the checks are chosen.
  facet(name, choice) {
    const { data } = this;
    const column = data.checks[name];
    const values = [...new Set(column)].map((s) => [data.strings[s], s]).sort((x, y) => (x[0] < y[0] ? -1 : 1));
    const place = new Map(values.map(([, s], i) => [s, i]));
    const value = Uint32Array.from(column, (s) => place.get(s));
    const wanted = new Set(choice);
    const good = Uint8Array.from(column, (s) => (!wanted.size || wanted.has(data.strings[s]) ? 1 : 0));
    return { values: values.map(([text]) => text), value, good, counts: new Uint32Array(values.length) };
  }

  hostChoice(names) {
    const good = new Uint8Array(this.data.hostCount);
    for (const name of names) {
      const h = this.data.findHost(name);
      if (h >= 0) good[h] = 1;
    }
    return good;
  }

  // sorted brings rows into order; without a choice the worst come first, and beside that
  // everything stays as the run told it.
  sorted(rows, sort) {
    const down = sort.startsWith('-');
    const column = sort.replace(/^-/, '') || 'status';
    const ranks = this.ranks(column);
    if (!ranks) return rows;
    const backwards = column === 'status' ? !down : down;
    return radixSort(rows, backwards ? (row) => ranks.most - ranks.of(row) : ranks.of, ranks.most);
  }

  // ranks give each row a small number by which it is sorted.
  ranks(column) {
    const { data } = this;
    switch (column) {
      case 'status':
        return { of: (row) => data.outcome[row], most: data.outcomes.length };
      case 'host':
        return this.ranked('host', data.hosts.name, (row) => data.host[row], true);
      case 'check':
        return this.ranked('check', data.checks.id, (row) => data.check[row], true);
      case 'kind':
      case 'suite':
      case 'owner':
      case 'file':
        return this.ranked(column, data.checks[column], (row) => data.check[row], true);
      case 'said':
        return this.ranked('said', data.said, (row) => row, false);
      case 'took':
        return { of: (row) => Math.min(data.took[row], 0xffffffff), most: 0xffffffff };
      default:
        return null;
    }
  }

  // ranked orders the distinct texts of a column once. Names sort as people count
  // (srv2 before srv10); long texts plainly, since there may be half a million.
  ranked(name, column, at, natural) {
    if (!this.orders.has(name)) {
      const { strings } = this.data;
      const distinct = [...new Set(column)];
      const compare = natural
        ? new Intl.Collator('en', { numeric: true }).compare
        : (x, y) => (x < y ? -1 : x > y ? 1 : 0);
      distinct.sort((x, y) => compare(strings[x], strings[y]));
      const place = new Uint32Array(strings.length);
      distinct.forEach((s, i) => {
        place[s] = i;
      });
      this.orders.set(name, { place, most: distinct.length });
    }
    const { place, most } = this.orders.get(name);
    return { of: (row) => place[column[at(row)]], most };
  }
}

function chosen(values, choice) {
  return values.map((v) => !choice.length || choice.includes(v));
}

// radixSort orders rows by a number from 0 to most, of 32 bits; equal ones keep their order.
function radixSort(rows, keyOf, most) {
  const digits = Math.min(most + 1, 65536); // of few distinct numbers there are few to count
  let from = rows;
  let keys = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) keys[i] = keyOf(rows[i]);
  for (let shift = 0; shift < 32 && most >= 2 ** shift; shift += 16) {
    const starts = new Uint32Array(digits + 1);
    for (let i = 0; i < keys.length; i++) starts[((keys[i] >>> shift) & 0xffff) + 1]++;
    for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
    const to = new Uint32Array(from.length);
    const toKeys = new Uint32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const at = starts[(keys[i] >>> shift) & 0xffff]++;
      to[at] = from[i];
      toKeys[at] = keys[i];
    }
    [from, keys] = [to, toKeys];
  }
  return from;
}
