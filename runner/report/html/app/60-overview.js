// The overview: the verdict, what it rests on, what to look at first, and two drawings.

const commandTitles = {
  verify: 'Post-patch verification',
  capture: 'Baseline capture',
  diff: 'Comparison of two runs',
  judge: 'Stored run judged again',
  precheck: 'Check before the patch',
};

function titleOf(run) {
  return commandTitles[run.command] || `postpatch ${run.command}`;
}

function overviewNode(page) {
  const { data } = page;
  const notes = [...(data.run.notes || []), ...(data.summary.notes || [])];
  if (data.meta.folded) notes.push(foldedText(data));
  return el(
    'div.overview',
    null,
    verdictNode(data),
    ...notes.slice(0, 50).map((n) => el('p.note', null, n)),
    notes.length > 50
      ? el('p.note', null, `${plural(notes.length - 50, 'more note')}; the text report has them all.`)
      : null,
    card('Outcomes', 'all checks; choose one to see them', outcomesNode(page)),
    firstNode(page),
    heatCard(page),
    timelineCard(page),
    hostNotesCard(data),
    ownersCard(page),
    nextCard(data),
    aboutCard(data),
  );
}

function card(title, about, ...children) {
  return el(
    'section.card',
    null,
    el('header', null, el('h2', null, title), about ? el('p.dim', null, about) : null),
    ...children,
  );
}

function foldedText(data) {
  let n = 0;
  for (const u of data.hosts.unchanged) n += u;
  const are = n === 1 ? 'is' : 'are';
  return `The run is large: ${plural(n, 'check')} that simply passed ${are} counted here and not listed one by one.`;
}

function verdictNode({ run, summary }) {
  const tone = verdictTone(summary.exit_code);
  const sign = { good: '✓', bad: '✗', warn: '!' }[tone];
  const baseline = run.baseline ? `${run.baseline.name}, ${moment(run.baseline.taken)}` : '';
  return el(
    `section.hero.${tone}`,
    null,
    el('h1', null, el('span.sign', { 'aria-hidden': 'true' }, sign), summary.verdict),
    el('p.reason', null, summary.reason || ''),
    facts([
      ['run', run.name],
      ['baseline', baseline],
      ['plan', run.plan],
      ['part', run.part],
      ['suites', (run.suites || []).join(', ')],
      ['asked', `${plural(run.hosts, 'host')}, ${plural(run.checks, 'check')}`],
      ['started', moment(run.started)],
      ['took', nanos(summary.took_ns)],
      ['exit code', String(summary.exit_code)],
    ]),
  );
}

// outcomesNode shows how many checks came to what: tiles, the worst first, and a bar in
// which even one of half a million is seen.
function outcomesNode({ data }) {
  const counts = data.summary.counts || {};
  const words = [...data.outcomes].reverse().filter((word) => counts[word] > 0);
  const tiles = words.map((word) =>
    el(
      `a.tile.${look(word).tone}`,
      { href: writeState({ ...emptyState(), tab: 'grid', status: [word] }), title: look(word).means },
      el('b', null, thousands(counts[word])),
      badge(word),
    ),
  );
  return el(
    'div',
    null,
    outcomeBar(words, (word) => counts[word], 10),
    el('div.tiles', null, ...tiles),
  );
}

// outcomeBar is a bar of parts; a part is never thinner than can be seen.
function outcomeBar(words, countOf, height) {
  const total = words.reduce((sum, word) => sum + countOf(word), 0);
  const least = 6;
  const room = 1000 - least * words.length;
  const bar = svg('svg', {
    class: 'bar',
    viewBox: `0 0 1000 ${height}`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': words.map((w) => `${countOf(w)} ${w}`).join(', '),
  });
  let x = 0;
  for (const word of words) {
    const width = least + (room * countOf(word)) / total;
    bar.append(
      svg(
        'rect',
        { x, y: 0, width: Math.max(width - 2, 1), height, class: `fill ${look(word).tone} ${word}` },
        svg('title', {}, `${thousands(countOf(word))} ${word}`),
      ),
    );
    x += width;
  }
  return bar;
}

// firstNode lists the worst changes in short.
function firstNode(page) {
  const bad = page
    .folded()
    .filter((g) => !['fixed', 'expected', 'passed', 'skipped', 'waived', 'pre-existing'].includes(g.group.key));
  const all = bad.flatMap(({ group, entries }) =>
    [...entries].sort((a, b) => b.hosts.length - a.hosts.length).map((entry) => ({ group, entry })),
  );
  if (!all.length) return null;
  const shown = all.slice(0, 7);
  const list = el(
    'ul.first',
    null,
    ...shown.map(({ group, entry }) =>
      el(
        'li',
        null,
        el(
          'a',
          { href: entryLink(page, entry) },
          groupBadge(group, page.data.run),
          el('span.where', null, whereText(page.data, entry)),
          el('span.what', null, entry.check || '', entry.alike ? el('span.mark', null, entry.suite) : null),
          saidNode(entry.said || entry.mark || ''),
        ),
      ),
    ),
  );
  const more = all.length - shown.length;
  return card(
    'Look at first',
    'the worst, the same on many hosts told once',
    list,
    el(
      'p',
      null,
      el(
        'a',
        { href: page.router.link({ ...emptyState(), tab: 'changes' }) },
        more ? `${thousands(more)} more, and what is milder` : 'All changes',
      ),
    ),
  );
}

function whereText(data, entry) {
  return entry.hosts.length === 1 ? data.hostName(entry.hosts[0]) : plural(entry.hosts.length, 'host');
}

function groupBadge(group, run) {
  const { title } = groupTitle(group, run);
  const tone = group.tone || look(group.word).tone;
  const sign = group.key === 'unreachable' || group.key === 'problem' ? '!' : look(group.word).sign;
  return el(
    `span.badge.${tone}`,
    { title: group.means },
    el('span.sign', { 'aria-hidden': 'true' }, sign),
    title.toLowerCase(),
  );
}

// hostNotesCard shows the sentences that stand beside hosts.
function hostNotesCard(data) {
  const all = Object.keys(data.hosts.notes || {}).map(Number);
  if (!all.length) return null;
  const items = all
    .slice(0, 20)
    .flatMap((h) => data.hostNotes(h).map((n) => el('li', null, el('b', null, data.hostName(h)), ' ', n)));
  if (all.length > 20)
    items.push(el('li.dim', null, `${plural(all.length - 20, 'more host')} with notes: each host's drawer has them`));
  return card('Notes of hosts', '', el('ul', null, ...items));
}

function ownersCard({ data, router }) {
  const owners = data.summary.owners || [];
  if (!owners.length) return null;
  const words = [...data.outcomes].reverse().filter((word) => owners.some((o) => (o.counts || {})[word]));
  const row = (o) =>
    el(
      'tr',
      null,
      el(
        'th',
        { scope: 'row' },
        el('a', { href: router.link({ ...emptyState(), tab: 'grid', owner: [o.owner || ''] }) }, o.owner || 'nobody'),
      ),
      ...words.map((word) => {
        const n = (o.counts || {})[word] || 0;
        return el(`td.number${n ? `.${look(word).tone}` : '.zero'}`, null, thousands(n));
      }),
    );
  const table = el(
    'table',
    null,
    el(
      'thead',
      null,
      el('tr', null, el('th', { scope: 'col' }, 'owner'), ...words.map((w) => el('th.number', { scope: 'col' }, w))),
    ),
    el('tbody', null, ...owners.slice(0, 30).map(row)),
  );
  const left = owners.length - Math.min(owners.length, 30) + (data.summary.more_owners || 0);
  return card(
    'Owners',
    'whose checks they are',
    el('div.wide', null, table),
    left ? el('p.dim', null, `${plural(left, 'more owner')}, none of them worse`) : null,
  );
}

function nextCard({ summary }) {
  const next = summary.next || [];
  if (!next.length) return null;
  return card('Next', 'commands that you would want now', ...next.map(command));
}

function aboutCard({ run, summary, meta }) {
  const hidden = Object.entries(summary.ignored || {}).sort((a, b) => b[1] - a[1]);
  const count = hidden.reduce((sum, [, n]) => sum + n, 0);
  return card(
    'About this report',
    meta.banner,
    hidden.length
      ? el(
          'details',
          null,
          el('summary', null, `${plural(count, 'change')} hidden by rules`),
          facts(hidden.slice(0, 100).map(([rule, n]) => [rule, thousands(n)])),
          summary.list_ignored ? command(summary.list_ignored) : null,
        )
      : null,
    facts([
      ['made by', run.tool],
      ['finished', moment(summary.finished)],
      ['store', run.baseline && run.baseline.store],
    ]),
  );
}

// heatCard shows hosts × outcomes: where the colour is, is the trouble. Many hosts share a column.
function heatCard(page) {
  const { data } = page;
  const words = [...data.outcomes].reverse().filter((w) => w !== 'skipped' && (data.summary.counts || {})[w] > 0);
  if (!data.hostCount || !words.length) return null;
  const order = [...Array(data.hostCount).keys()].sort((a, b) => data.hostRank(b) - data.hostRank(a) || a - b);
  const columns = Math.min(order.length, 120);
  const buckets = Array.from({ length: columns }, (_, i) =>
    order.slice(Math.floor((i * order.length) / columns), Math.floor(((i + 1) * order.length) / columns)),
  );
  const many = columns < order.length;
  const stands = many ? `some ${Math.round(order.length / columns)} hosts` : 'a host';
  const about = `each column ${stands}, the worst first; the deeper, the more of ${many ? 'their' : 'its'} checks`;
  return card(
    'Hosts × outcomes',
    about,
    heatDrawing(page, words, buckets),
    el(
      'p',
      null,
      el('a', { href: page.router.link({ ...emptyState(), tab: 'hosts' }) }, `All ${plural(data.hostCount, 'host')}`),
    ),
  );
}

function heatDrawing({ data, router }, words, buckets) {
  const high = 22;
  const grid = el('div.heat', null);
  for (const word of words) {
    const counts = buckets.map((hosts) => hosts.reduce((sum, h) => sum + data.hostCountOf(h, word), 0));
    const most = Math.max(...counts);
    const strip = svg('svg', {
      class: 'strip',
      viewBox: `0 0 ${buckets.length} ${high}`,
      preserveAspectRatio: 'none',
      role: 'img',
      'aria-label': `${word}: on ${plural(hostsWith(data, word), 'host')}`,
    });
    counts.forEach((n, i) => {
      const names =
        buckets[i].length === 1
          ? data.hostName(buckets[i][0])
          : `${plural(buckets[i].length, 'host')}, ${data.hostName(buckets[i][0])} …`;
      const cell = svg(
        'rect',
        {
          x: i,
          y: 1,
          width: buckets.length > 20 ? 0.9 : 0.985,
          height: high - 2,
          class: n ? `fill ${look(word).tone} ${word}` : 'none',
        },
        svg('title', {}, `${names}: ${thousands(n)} ${word}`),
      );
      if (n) cell.style.fillOpacity = String(0.25 + 0.75 * Math.sqrt(n / most));
      cell.addEventListener('click', () =>
        router.go({
          ...emptyState(),
          tab: 'grid',
          status: [word],
          host: buckets[i].slice(0, 40).map((h) => data.hostName(h)),
        }),
      );
      strip.append(cell);
    });
    grid.append(badge(word), strip, el('span.number.dim', null, `${thousands(hostsWith(data, word))}`));
  }
  if (buckets.length <= 12 && buckets.every((b) => b.length === 1)) {
    grid.append(
      el('span'),
      el('div.names', null, ...buckets.map(([h]) => el('span', null, data.hostName(h)))),
      el('span'),
    );
  }
  return grid;
}

function hostsWith(data, word) {
  return (data.hosts.counts[word] || []).reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
}
