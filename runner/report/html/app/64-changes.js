// The changes: groups of entries, each opened on request.

const entriesAtOnce = 60;

function changesNode(page) {
  const groupsOfSelection = page.folded();
  const node = el('div.changes');
  if (!groupsOfSelection.length) node.append(emptyNode(page, 'Nothing to tell'));
  for (const { group, entries } of groupsOfSelection) node.append(groupNode(page, group, entries));
  return node;
}

// emptyNode says that there is nothing, and why that may be.
function emptyNode(page, what) {
  const { state, data, router } = page;
  if (isNarrowed(state)) {
    return el(
      'p.empty',
      null,
      `${what} that fits the filter. `,
      el('a', { href: router.link({ ...emptyState(), tab: state.tab }) }, 'Show all'),
    );
  }
  return el(
    'p.empty',
    null,
    data.rowCount ? `${what}: nothing differs from what was expected.` : `${what}: the run has no checks.`,
  );
}

function groupNode(page, group, entries) {
  const { data, router } = page;
  const { title, means } = groupTitle(group, data.run);
  const tone = group.tone || look(group.word).tone;
  const rows = entries.reduce((n, e) => n + e.rows.length, 0);
  const list = el('div.entries');
  const more = el('p');
  let shown = 0;
  const showMore = () => {
    list.append(...entries.slice(shown, shown + entriesAtOnce).map((e) => entryNode(page, group, e)));
    shown = Math.min(shown + entriesAtOnce, entries.length);
    more.replaceChildren(
      ...(shown < entries.length ? [button(`Show more (${thousands(entries.length - shown)} left)`, showMore)] : []),
    );
  };
  showMore();
  return el(
    `section.group.${tone}`,
    null,
    el(
      'header',
      null,
      el('h2', null, groupBadge(group, data.run), el('span.offscreen', null, title)),
      el('p.dim', null, means),
      el('a.number', { href: router.link({ tab: 'grid', status: [group.word] }) }, plural(rows, 'check')),
    ),
    list,
    more,
  );
}

// entryNode is one change and the hosts that have it; its details are read when it is opened.
function entryNode(page, group, entry) {
  const { data } = page;
  const body = el('div.body');
  const node = el(
    'details.entry',
    {
      toggle: () => {
        if (node.open && !body.hasChildNodes()) body.append(...entryBody(page, entry));
      },
    },
    el(
      'summary',
      null,
      el('span.where', null, whereText(data, entry)),
      el(
        'span.what',
        null,
        entry.check || (entry.rows.length ? `${plural(entry.rows.length, 'check')} not judged` : ''),
        entry.mark ? el('span.mark', null, entry.mark) : null,
        entry.alike ? el('span.mark', null, entry.suite) : null,
      ),
      entry.said ? saidNode(entry.said) : null,
    ),
    body,
  );
  return node;
}

function entryBody(page, entry) {
  const { data, router } = page;
  const several = entry.hosts.length > 1;
  const row = entry.rows[0];
  const link = (h) => {
    const of = entry.check ? entry.rows.find((r) => data.host[r] === h) : undefined;
    const to = of === undefined ? { about: data.hostName(h), row: '', in: '' } : { ...rowState(data, of), about: '' };
    return el('a', { href: router.link(to) }, data.hostName(h));
  };
  const shown = entry.hosts.slice(0, 100);
  const parts = [
    el(
      'p.hosts',
      null,
      ...shown.flatMap((h) => [link(h), ' ']),
      entry.hosts.length > shown.length ? `and ${thousands(entry.hosts.length - shown.length)} more ` : null,
      el(
        'a.all',
        { href: entryLink(page, entry) },
        several ? `All ${thousands(entry.hosts.length)} in the grid` : 'In the grid',
      ),
    ),
  ];
  if (entry.check) {
    const others = 'of the others the line above is true, and their details may differ';
    if (several) parts.push(el('p.dim', null, `As it is on ${data.rowHost(row)}; ${others}.`));
    parts.push(detailNode(page, row));
  } else {
    const h = entry.hosts[0];
    parts.push(...hostDetail(page, h).slice(several ? 1 : 0));
  }
  return parts;
}

// entryLink is the grid with the rows of an entry, as far as a search can name them.
function entryLink({ router, data }, entry) {
  const terms = [];
  if (entry.check && !entry.check.includes('"')) terms.push(`check:"${entry.check}"`);
  const hosts = entry.hosts.length <= 40 ? entry.hosts.map((h) => data.hostName(h)) : [];
  return router.link({
    ...emptyState(),
    tab: 'grid',
    status: [data.word(entry.rows[0])],
    q: terms.join(' '),
    host: hosts,
  });
}
