// All that is known of one check of one host: for the drawer, and below an entry of the changes.

// detailNode shows a row's details once they are read.
function detailNode(page, row) {
  const { data } = page;
  const node = el('div.detail', { 'aria-busy': 'true' });
  data
    .details(row)
    .then(
      (d) => {
        node.replaceChildren(...detailParts(page, row, d));
      },
      (error) => {
        node.replaceChildren(el('p.mistake', null, `The details could not be read: ${error.message}`));
      },
    )
    .finally(() => node.removeAttribute('aria-busy'));
  return node;
}

function detailParts(page, row, d) {
  const { data } = page;
  const parts = [];
  if (!d.row && d.row !== 0 && data.meta.withoutDetails && data.saidOf(row)) {
    parts.push(
      el(
        'p.note',
        null,
        'This file had no room for the details of this check; the run itself, and its --json, have them.',
      ),
    );
  }
  if (d.partly) parts.push(el('p.note', null, 'A part of it could be observed, and is judged; the rest is unknown.'));
  const error = d.error || (d.findings && d.findings.length ? '' : data.saidOf(row));
  if (error) parts.push(el('p.error', null, cutNode(error)));
  for (const finding of [...(d.findings || [])].reverse())
    parts.push(findingNode(data, row, finding, d.evidence || []));
  const told = new Set((d.findings || []).map((f) => f.item || ''));
  const others = (d.evidence || []).filter((e) => !told.has(e.item || ''));
  if (others.length) parts.push(section('Evidence', evidenceNode(others)));
  if (d.settled && d.settled.length) parts.push(section('Came up late', settledNode(d.settled)));
  parts.push(section('Why', whyNode(data, row)));
  const next = nextCommands(page, row);
  if (next.length) parts.push(section('Next', ...next.map(command)));
  if (d.hidden && d.hidden.length) parts.push(hiddenNode(d.hidden));
  return parts;
}

function section(title, ...children) {
  return el('section', null, el('h4', null, title), ...children);
}

// findingNode shows one finding with its evidence, the worst open.
function findingNode(data, row, f, evidence) {
  const title = [f.item && f.item !== data.id(row) ? f.item : '', f.reading].filter(Boolean).join(' · ');
  const node = el(
    'section.finding',
    null,
    el('h4', null, badge(f.outcome), el('span.reading', null, title || 'as a whole')),
    beforeAfter(f),
  );
  const own = evidence.filter((e) => (e.item || '') === (f.item || ''));
  node.append(
    facts([
      ['wanted', f.wanted],
      ['severity', f.severity],
      ['pass before', f.pass && f.pass.pass ? `${f.pass.pass}: ${f.pass.had ? 'had it, too' : 'did not have it'}` : ''],
      ['waiver', f.waiver && f.waiver.until ? waiverText(f.waiver) : ''],
    ]),
  );
  if (own.length) node.append(el('h5', null, 'evidence'), evidenceNode(own));
  return node;
}

function waiverText(w) {
  const parts = [w.over ? `until ${w.until}, which is over: ${w.reason}` : `until ${w.until}: ${w.reason}`];
  if (w.was) parts.push(`without it: ${w.was}`);
  if (w.ticket) parts.push(`ticket ${w.ticket}`);
  if (w.owner) parts.push(`owner ${w.owner}`);
  if (w.file) parts.push(w.line > 0 ? `${w.file}:${w.line}` : w.file);
  return parts.join(' · ');
}

function evidenceNode(evidence) {
  return facts(evidence.map((e) => [[e.item, e.reading].filter(Boolean).join(' · '), cutNode(e.value)]));
}

function settledNode(settled) {
  return facts(
    settled.map((s) => [
      [s.item, s.reading].filter(Boolean).join(' · ') || 'as a whole',
      `${nanos(s.after_ns)} after the start; was ${s.was}`,
    ]),
  );
}

function whyNode(data, row) {
  return facts([
    ['why', data.checkText(row, 'why')],
    ['owner', data.checkText(row, 'owner')],
    ['suite', data.checkText(row, 'suite')],
    ['kind', data.checkText(row, 'kind')],
    ['asked for at', data.place(row) && el('code', null, data.place(row))],
    ['mark', data.markOf(row)],
    ['took', spell(data.took[row])],
  ]);
}

// hiddenNode lists changes that a rule does not tell of: folded, for those who ask.
function hiddenNode(hidden) {
  const list = hidden
    .slice(0, 200)
    .map((h) =>
      el(
        'li',
        null,
        el('b', null, [h.item, h.reading].filter(Boolean).join(' · ')),
        ' ',
        cutNode(valueText(h.before, h.has_before)),
        ' → ',
        cutNode(valueText(h.now, h.has_now)),
        el(
          'span.dim',
          null,
          ` ${h.rule}, a rule of the ${h.by}${h.file ? ` (${h.file}${h.line ? `:${h.line}` : ''})` : ''}`,
        ),
      ),
    );
  if (hidden.length > 200) list.push(el('li.dim', null, `${thousands(hidden.length - 200)} more`));
  return el(
    'details.hidden',
    null,
    el('summary', null, `${plural(hidden.length, 'change')} hidden by rules`),
    el('ul', null, ...list),
  );
}

// nextCommands are what one would do now about this check: look again at it alone, and
// read what its kind means. A shared report has other names than the hosts have.
function nextCommands({ data }, row) {
  const word = data.word(row);
  if (word === 'passed' || word === 'expected' || word === 'fixed') return [];
  const again = data.meta.redacted ? '' : askAgain(data, row);
  return [...(again ? [again] : []), `postpatch explain ${shellWord(data.checkText(row, 'kind'))}`];
}

// askAgain asks the row's host again for its check, as the text report does: of a host that
// did not answer for all that it has, once it is back.
function askAgain(data, row) {
  const { again } = data.summary;
  if (!again) return '';
  const host = flagFor('--hosts', data.rowHost(row));
  if (data.hostText(data.host[row], 'unreachable')) {
    const waits = / --(wait|pass)/.test(again) || !again.startsWith('postpatch verify ');
    return again + host + (waits ? '' : ' --wait');
  }
  const ofRun = data.checkText(row, 'kind') === 'plan'; // which the run adds
  return again + host + (ofRun ? '' : flagFor('--only', data.id(row)));
}

// flagFor is empty for a name that the flag would take for a pattern, or for several.
function flagFor(flag, name) {
  return !name || name.startsWith('tag:') || /[*?[\]\\,"\n\r]/.test(name) ? '' : ` ${flag} ${shellWord(name)}`;
}

// hostDetail is what there is to say of a host.
function hostDetail(page, h) {
  const { data } = page;
  const hosts = data.hosts;
  const rebooted = moment(hosts.rebooted[h]);
  return [
    ...['unreachable', 'problem']
      .map((c) => data.hostText(h, c))
      .filter(Boolean)
      .map((t) => el('p.error', null, t)),
    ...data.hostNotes(h).map((n) => el('p.note', null, n)),
    facts([
      ['rebooted', rebooted || data.hostText(h, 'rebootState')],
      ['which rests on', data.hostText(h, 'reboot')],
      ['well', hosts.settled[h] ? `${spell(hosts.settled[h])} after its start` : ''],
      ['asked by', data.hostText(h, 'session')],
      ['asked at', moment(hosts.started[h])],
      ['took', spell(hosts.took[h])],
      ['unchanged, not listed', hosts.unchanged[h] ? thousands(hosts.unchanged[h]) : ''],
    ]),
    section(
      'Checks',
      el(
        'div.tiles.small',
        null,
        ...[...data.outcomes]
          .reverse()
          .filter((word) => data.hostCountOf(h, word) > 0)
          .map((word) =>
            el(
              `a.tile.${look(word).tone}`,
              {
                href: writeState({ ...emptyState(), tab: 'grid', host: [data.hostName(h)], status: [word] }),
              },
              el('b', null, thousands(data.hostCountOf(h, word))),
              badge(word),
            ),
          ),
      ),
    ),
    el(
      'p',
      null,
      el('a', { href: writeState({ ...emptyState(), tab: 'grid', host: [data.hostName(h)] }) }, 'Show all its checks'),
    ),
  ];
}
