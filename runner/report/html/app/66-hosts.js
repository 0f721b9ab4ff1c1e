// The hosts: a line each, with a strip of cells, one for each outcome. The deeper a cell,
// the more of the host's checks came to it; its number is always written.

class HostsView {
  constructor(page) {
    this.page = page;
    const { data } = page;
    this.words = [...data.outcomes]
      .reverse()
      .filter((w) => data.hosts.counts[w] && data.hosts.counts[w].some((n) => n > 0));
    this.most = Object.fromEntries(
      this.words.map((w) => [w, data.hosts.counts[w].reduce((m, n) => Math.max(m, n), 1)]),
    );
    this.order = [];
    this.list = new VirtualList({
      id: 'host',
      label: 'Hosts',
      narrowHeight: 58,
      columns: [],
      fill: (cells, index) => this.fill(cells, this.order[index]),
      open: (index) => page.router.go({ about: data.hostName(this.order[index]), row: '', in: '' }),
      sort: (key) => page.sortBy(key),
    });
    this.node = el('div.view.hosts', null, this.list.node);
  }

  // columns are fewer beside an open drawer, which tells the rest of its host.
  columns() {
    const { data } = this.page;
    const beside = this.page.drawer.wanted;
    const words = beside ? this.words.filter((w) => !['good', 'info', 'dim'].includes(look(w).tone)) : this.words;
    const columns = [
      { key: 'status', label: 'outcome', width: '8.4rem', sort: true },
      { key: 'host', label: 'host', width: 'minmax(8rem, 2.4fr)', sort: true },
      ...words.map((w) => ({
        key: `n-${w}`,
        label: w,
        width: 'minmax(3rem, 1fr)',
        sort: true,
        title: `${w}: ${look(w).means}`,
      })),
    ];
    if (beside) return columns;
    if (data.hosts.rebooted.some((t) => t > 0))
      columns.push({ key: 'rebooted', label: 'rebooted', width: '7.2rem', sort: true });
    if (data.hosts.settled.some((t) => t > 0))
      columns.push({ key: 'settled', label: 'well after', width: '5.6rem', sort: true });
    return columns;
  }

  // show shows the hosts of the selection; without a filter all, those without rows too.
  show() {
    const { data, state, selection } = this.page;
    let hosts = [...Array(data.hostCount).keys()];
    if (isNarrowed(state)) hosts = [...new Set(selection.selected.map((row) => data.host[row]))];
    this.order = this.sorted(hosts, state.sort);
    this.list.columns = this.columns();
    this.list.show(this.order.length, state.sort || 'status');
    this.list.node.hidden = !this.order.length;
    this.node.querySelector('.empty')?.remove();
    if (!this.order.length) this.node.append(emptyNode(this.page, 'No host'));
    return plural(this.order.length, 'host');
  }

  sorted(hosts, sort) {
    const { data } = this.page;
    const down = sort.startsWith('-') ? -1 : 1;
    const by = sort.replace(/^-/, '');
    const number = (of) => (a, b) => down * (of(a) - of(b)) || a - b;
    const collate = new Intl.Collator('en', { numeric: true }).compare;
    if (by === 'host') return hosts.sort((a, b) => down * collate(data.hostName(a), data.hostName(b)) || a - b);
    if (by === 'rebooted' || by === 'settled') return hosts.sort(number((h) => data.hosts[by][h]));
    if (by.startsWith('n-')) return hosts.sort(number((h) => -data.hostCountOf(h, by.slice(2))));
    return hosts.sort((a, b) => down * this.worse(a, b) || a - b);
  }

  // worse compares hosts by what they came to, then by how much of it.
  worse(a, b) {
    const { data } = this.page;
    const byOutcome = data.hostRank(b) - data.hostRank(a);
    return byOutcome || data.hostCountOf(b, data.hostOutcome(b)) - data.hostCountOf(a, data.hostOutcome(a));
  }

  fill(cells, h) {
    const { data } = this.page;
    const whole = data.hostText(h, 'unreachable') ? 'unreachable' : data.hostText(h, 'problem') ? 'no verdict' : '';
    const outcome = data.hostOutcome(h);
    const own = data.hostFails(h) ? failsBadge(outcome) : badge(outcome);
    cells.status.replaceChildren(
      whole ? el('span.badge.warn', null, el('span.sign', { 'aria-hidden': 'true' }, '!'), whole) : own,
    );
    cells.host.textContent = data.hostName(h);
    cells.host.title = data.hostText(h, 'unreachable') || data.hostText(h, 'problem') || data.hostName(h);
    for (const word of this.words) {
      const n = data.hostCountOf(h, word);
      const cell = cells[`n-${word}`];
      if (!cell) continue;
      const depth = ['good', 'info'].includes(look(word).tone) ? 0.16 : 0.5; // what is well is not what one looks for
      cell.textContent = n ? thousands(n) : '·';
      cell.className = `cell n-${word} count ${n ? look(word).tone : 'zero'}`;
      cell.style.setProperty('--heat', n ? (0.06 + depth * Math.sqrt(n / this.most[word])).toFixed(3) : '0');
      cell.setAttribute('aria-label', `${n} ${word}`);
    }
    if (cells.rebooted) {
      const at = data.hosts.rebooted[h];
      cells.rebooted.textContent = at ? `${clock(at)} UTC` : data.hostText(h, 'rebootState') || '?';
      cells.rebooted.title = moment(at) || data.hostText(h, 'reboot');
    }
    if (cells.settled) cells.settled.textContent = data.hosts.settled[h] ? spell(data.hosts.settled[h]) : '';
  }
}
