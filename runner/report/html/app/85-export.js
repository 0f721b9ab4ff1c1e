// What leaves the page: CSV of the selection, and paper.

const csvColumns = [
  'host',
  'check',
  'outcome',
  'mark',
  'found',
  'item',
  'reading',
  'before',
  'now',
  'wanted',
  'error',
  'suite',
  'kind',
  'owner',
  'why',
  'file',
  'line',
  'took_ms',
];

// harmless puts an apostrophe in front of what a spreadsheet would take for a formula: a host
// chooses these texts, and =cmd|… must not run at who opens the file, or pastes a line.
function harmless(text) { return /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text; }

// csvCell quotes a value.
function csvCell(value) {
  const text = String(value);
  if (!/["',;=+\-@\s＝＋－＠]/.test(text)) return text;
  const cell = harmless(text);
  return /[",;\r\n\t']/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function csvRow(data, row, d) {
  const f =
    (d.findings || []).reduce(
      (worst, one) =>
        !worst || data.outcomes.indexOf(one.outcome) >= data.outcomes.indexOf(worst.outcome) ? one : worst,
      null,
    ) || {};
  return [
    data.rowHost(row),
    data.id(row),
    data.word(row),
    data.markOf(row),
    data.saidOf(row),
    f.item || '',
    f.reading || '',
    f.has_before ? f.before : '',
    f.has_now ? f.now : '',
    f.wanted || '',
    d.error || '',
  ]
    .map(csvCell)
    .join(',');
}

// csvOfCheck is what a check has of the suite: the same on every host.
function csvOfCheck(data, c) {
  const texts = ['suite', 'kind', 'owner', 'why', 'file'].map((column) => data.strings[data.checks[column][c]]);
  return [...texts, data.checks.line[c]].map(csvCell).join(',');
}

// csvOf writes rows in the order in which they are shown. Details are read chunk by chunk
// beforehand, each once, whatever the order.
async function csvOf(data, rows) {
  const order = radixSort(Uint32Array.from(rows.keys()), (i) => rows[i], data.rowCount);
  const lines = new Array(rows.length);
  const ofChecks = data.checks.id.map((_, c) => csvOfCheck(data, c));
  const none = new Map();
  let of = none;
  let k = -1;
  for (const i of order) {
    const row = rows[i];
    const next = data.chunkOf(row);
    if (next !== k) of = next >= 0 ? await data.chunk(next) : none;
    k = next;
    lines[i] = `${csvRow(data, row, of.get(row) || {})},${ofChecks[data.check[row]]},${data.took[row]}\r\n`;
  }
  const head = `\ufeff${csvColumns.join(',')}\r\n`; // the mark tells Excel that it is UTF-8
  return new Blob([head, ...inPieces(lines, 5000)], { type: 'text/csv;charset=utf-8' });
}

// inPieces joins lines, since a blob of half a million parts takes long.
function inPieces(lines, size) {
  const pieces = [];
  for (let i = 0; i < lines.length; i += size) pieces.push(lines.slice(i, i + size).join(''));
  return pieces;
}

async function saveCSV(page, from) {
  from.disabled = true;
  try {
    const address = URL.createObjectURL(await csvOf(page.data, page.selection.rows));
    const link = el('a', { href: address, download: fileName(page.data.run, 'csv') });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  } catch (error) {
    page.tell(`The CSV could not be made: ${error.message}`);
  } finally {
    from.disabled = false;
  }
}

function fileName(run, ending) {
  return `postpatch-${run.command}-${run.name || 'run'}`.replace(/[^\w.-]+/g, '_').slice(0, 100) + `.${ending}`;
}

const printed = 2000; // rows

// printNode is what goes to paper: the verdict, and the rows that the filter leaves.
function printNode(page) {
  const { data, selection, state } = page;
  const rows = selection.rows.slice(0, printed);
  const left = selection.rows.length - rows.length;
  const only = { ...state, tab: '', row: '', in: '', about: '', sort: '', cols: [] };
  const filter = isNarrowed(state)
    ? el('p', null, `Only what fits: ${decodeURIComponent(writeState(only).slice(1))}`)
    : null;
  return el(
    'div.paper',
    null,
    el('p.dim', null, data.meta.banner || ''),
    verdictNode(data),
    ...(data.run.notes || []).map((n) => el('p.note', null, n)),
    ...(data.summary.notes || []).map((n) => el('p.note', null, n)),
    filter,
    el(
      'table',
      null,
      el(
        'thead',
        null,
        el('tr', null, ...['outcome', 'host', 'check', 'what was found', 'owner'].map((t) => el('th', null, t))),
      ),
      el(
        'tbody',
        null,
        ...[...rows].map((row) =>
          el(
            'tr',
            null,
            el('td', null, data.fails(row) ? failsBadge(data.word(row)) : badge(data.word(row))),
            el('td', null, data.rowHost(row)),
            el('td', null, data.id(row)),
            el('td', null, data.saidOf(row), data.markOf(row) ? ` (${data.markOf(row)})` : ''),
            el('td', null, data.checkText(row, 'owner')),
          ),
        ),
      ),
    ),
    left > 0
      ? el('p', null, `${thousands(left)} more checks are not printed; narrow the filter, or save them as CSV.`)
      : null,
  );
}
