// The search: words, "quoted text", field:value, -negated, * for anything, commas for
// "or". Several values of one field are any of them; all else has to hold together.

const fields = ['host', 'status', 'kind', 'suite', 'owner', 'check', 'said', 'mark', 'why', 'file'];

// tokens cuts a search into {not, field, values, bare}, and says what is wrong with it.
function tokens(text) {
  const found = [];
  const mistakes = [];
  const pattern = /(-?)(?:([A-Za-z]+):)?((?:"[^"]*"?|[^\s"])*)(?:\s+|$)/gy;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match || pattern.lastIndex === start) break;
    const [whole, not, field, value] = match;
    if ((value.match(/"/g) || []).length % 2)
      mistakes.push(
        `The quote in ${whole.trim()} has no end: put another " behind it. Taken to the end of the search.`,
      );
    const values = splitValues(value, Boolean(field));
    if (!values.length) {
      if (field) mistakes.push(`${field}: needs a value, as in ${field}:${exampleOf(field)}. Left out.`);
      else if (not) mistakes.push('A - needs something behind it that shall not be there. Left out.');
      continue;
    }
    found.push({ not: Boolean(not), field: (field || '').toLowerCase(), values, whole: whole.trim() });
  }
  return { found, mistakes };
}

function exampleOf(field) {
  return { host: 'sql*', status: 'regressed', kind: 'service', owner: 'dba' }[field.toLowerCase()] || '"some text"';
}

// splitValues cuts at the commas outside of quotes, where a field has several values.
function splitValues(text, several) {
  const parts = several ? text.match(/(?:"[^"]*"?|[^,"])+/g) || [] : [text];
  return parts.map((p) => ({ text: p.replaceAll('"', ''), quoted: p.includes('"') })).filter((p) => p.text);
}

// parseQuery makes {terms, mistakes} of a search. What is wrong is left out of the terms and
// told: so a slip shows more than was meant, never less.
function parseQuery(text, outcomes) {
  const { found, mistakes } = tokens(text.trim());
  const terms = [];
  for (const token of found) {
    const mistake = wrongWith(token, outcomes);
    if (mistake) mistakes.push(mistake);
    else terms.push(token);
  }
  return { terms, mistakes };
}

function wrongWith({ field, values, whole }, outcomes) {
  if (field && !fields.includes(field)) {
    const text = `to look for the text, quote it: "${whole.replaceAll('"', '')}"`;
    return `There is no field "${field}"${meant(field, fields)}; ${text}. Left out.`;
  }
  if (field !== 'status') return '';
  for (const { text } of values) {
    if (!outcomes.some((word) => matcher({ text })(word))) {
      const there = [...outcomes].reverse().join(', ');
      return `There is no status "${text}"${meant(text, outcomes)}; there are ${there}. Left out.`;
    }
  }
  return '';
}

// meant is the nearest of the words, where one is near.
function meant(word, words) {
  const near = words.map((w) => [distance(word.toLowerCase(), w), w]).sort((x, y) => x[0] - y[0])[0];
  const like = {
    category: 'kind',
    type: 'kind',
    name: 'check',
    id: 'check',
    server: 'host',
    outcome: 'status',
    text: 'said',
  }[word.toLowerCase()];
  if (words.includes(like)) return `, but ${like}`;
  return near && near[0] <= Math.max(2, near[1].length / 3) ? `, but ${near[1]}` : '';
}

// distance counts the letters that make one word the other.
function distance(a, b) {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

// matcher says whether a text has the value in it; with a star, or where a field is of
// short names, whether all of it is so: kind:service is not services.
function matcher({ text, quoted }, field) {
  if (!quoted && text.includes('*')) {
    const parts = text.split('*').map((p) => p.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
    const pattern = new RegExp(`^${parts.join('[^]*')}$`, 'i');
    return (s) => pattern.test(s);
  }
  const low = text.toLowerCase();
  if (field === 'kind' || field === 'suite') return (s) => s.toLowerCase() === low;
  return (s) => s.toLowerCase().includes(low);
}

// compileQuery makes a test of rows. Every distinct text is looked at once, whatever
// number of rows has it, so that half a million rows take some milliseconds.
function compileQuery(data, terms) {
  const any = new Map(); // by field, what may be any of them
  const all = [];
  for (const term of terms) {
    const test = termTest(data, term);
    if (term.not) all.push((row) => !test(row));
    else if (!term.field) all.push(test);
    else any.set(term.field, [...(any.get(term.field) || []), test]);
  }
  for (const tests of any.values()) all.push(tests.length === 1 ? tests[0] : (row) => tests.some((t) => t(row)));
  if (!all.length) return null;
  return all.length === 1 ? all[0] : (row) => all.every((t) => t(row));
}

function termTest(data, term) {
  const matchers = term.values.map((value) => matcher(value, term.field));
  const hit = (s) => matchers.some((m) => m(s));
  const ofPool = poolTest(data, hit);
  const ofChecks = (columns) => {
    const good = Uint8Array.from(data.checks.id, (_, c) =>
      columns.some((name) => ofPool(data.checks[name][c])) ? 1 : 0,
    );
    return (row) => good[data.check[row]] === 1;
  };
  const ofHosts = () => {
    const good = Uint8Array.from(data.hosts.name, (s) => (ofPool(s) ? 1 : 0));
    return (row) => good[data.host[row]] === 1;
  };
  switch (term.field) {
    case 'host':
      return ofHosts();
    case 'status': {
      const good = data.outcomes.map(hit);
      return (row) => good[data.outcome[row]];
    }
    case 'check':
      return ofChecks(['id']);
    case 'said':
      return (row) => ofPool(data.said[row]);
    case 'mark':
      return (row) => ofPool(data.mark[row]);
    case '': {
      const checks = ofChecks(['id', 'kind', 'suite', 'owner', 'why']);
      const hosts = ofHosts();
      return (row) => hosts(row) || checks(row) || ofPool(data.said[row]) || ofPool(data.mark[row]);
    }
    default:
      return ofChecks([term.field]);
  }
}

// poolTest remembers of each text of the pool whether it is hit.
function poolTest(data, hit) {
  const known = new Uint8Array(data.strings.length); // 0 not asked, 1 no, 2 yes
  return (s) => {
    if (known[s] === 0) known[s] = hit(data.strings[s]) ? 2 : 1;
    return known[s] === 2;
  };
}
