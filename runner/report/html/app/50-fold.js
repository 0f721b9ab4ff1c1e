// What changed, folded: the same change on many hosts is one entry, in the groups of the
// terminal's report. On a page the worst stands first, since reading begins at the top.

const groups = [
  { key: 'regressed', word: 'regressed', title: 'Regression', means: 'was fine before the patch, is broken now' },
  {
    key: 'failingDrift',
    word: 'drifted',
    title: 'Drift that fails',
    means: 'changed, and nobody said it may',
    tone: 'bad',
  },
  { key: 'failed', word: 'failed', title: 'Failed', means: 'fails, and nothing is known of before' },
  { key: 'unmet', word: 'unmet', title: 'Unmet', means: 'was meant to change, and did not' },
  { key: 'unknown', word: 'unknown', title: 'Unknown', means: 'could not be observed: not good, not bad' },
  {
    key: 'problem',
    word: 'unknown',
    title: 'No verdict',
    means: 'answered, but not as the host of the baseline',
    tone: 'bad',
  },
  { key: 'unreachable', word: 'unknown', title: 'Unreachable', means: 'nothing answered: no verdict for these hosts' },
  {
    key: 'waived',
    word: 'waived',
    title: 'Waived',
    means: 'wrong, and somebody answers for it until a day; not counted',
  },
  {
    key: 'pre-existing',
    word: 'pre-existing',
    title: 'Pre-existing',
    means: 'failed at the baseline already; not caused by the patch, not counted',
  },
  {
    key: 'drifted',
    word: 'drifted',
    title: 'Drift',
    means: 'changed, and nobody said it may; a warning, fails nothing',
  },
  { key: 'fixed', word: 'fixed', title: 'Fixed', means: 'failed at the baseline, fine now' },
  { key: 'expected', word: 'expected', title: 'Expected changes', means: 'the plan wants or allows them' },
  { key: 'passed', word: 'passed', title: 'Passed', means: 'holds' },
  { key: 'skipped', word: 'skipped', title: 'Skipped', means: 'not asked for here' },
];

// groupTitle is how a group is called in a run of that command.
function groupTitle(group, run) {
  if (group.key === 'drifted' && run.command === 'diff')
    return { title: 'Changes', means: 'what differs between the two' };
  if (group.key === 'failed' && (run.command === 'capture' || run.command === 'precheck')) {
    return { title: 'Failing now', means: 'fails before the patch: mend it or accept it first' };
  }
  return group;
}

// fold gathers rows into [{group, entries}], the worst group first, in it by check and host.
// An entry is {group, check, suite, said, mark, rows, hosts}; hosts that as a whole told nothing
// have one entry for all of their checks.
function fold(data, rows, withQuiet) {
  const entries = new Map();
  for (const row of rows) {
    const word = data.word(row);
    if (!withQuiet && (word === 'passed' || word === 'skipped')) continue;
    const h = data.host[row];
    const whole = word === 'unknown' && wholeHost(data, h);
    const own = whole ? whole.said : data.saidOf(row);
    const said = general(own, data.hostName(h));
    const key = whole
      ? `${whole.group} ${said}`
      : `${groupKey(data, row, word)} ${data.check[row]} ${data.mark[row]} ${said}`;
    let entry = entries.get(key);
    if (!entry) {
      entry = whole
        ? { group: whole.group, said: own, rows: [], hosts: [] }
        : {
            group: groupKey(data, row, word),
            check: data.id(row),
            suite: data.checkText(row, 'suite'),
            said: own,
            mark: data.markOf(row),
            rows: [],
            hosts: [],
          };
      entries.set(key, entry);
    }
    entry.rows.push(row);
    if (entry.hosts.at(-1) === h) continue;
    entry.hosts.push(h);
    entry.said = entry.hosts.length > 1 ? said : own; // of one host, in its own words
  }
  return grouped([...entries.values()]);
}

// wholeHost says why a host as a whole told nothing.
function wholeHost(data, h) {
  for (const [group, column] of [
    ['unreachable', 'unreachable'],
    ['problem', 'problem'],
  ]) {
    const said = data.hostText(h, column);
    if (said) return { group, said };
  }
  return null;
}

// groupKey is the group of a row. What this page does not know stands with the worst.
function groupKey(data, row, word) {
  if (data.fails(row)) return 'failingDrift';
  return groups.some((g) => g.key === word) ? word : 'regressed';
}

// general takes the host's own name out of what is said, so that the same is the same.
function general(said, host) {
  return host.length > 2 && said.includes(host) ? said.replaceAll(host, '<host>') : said;
}

function grouped(entries) {
  const collate = new Intl.Collator('en', { numeric: true }).compare;
  return groups
    .map((group) => {
      const own = entries
        .filter((e) => e.group === group.key)
        .sort((a, b) => collate(a.check || '', b.check || '') || b.hosts.length - a.hosts.length);
      own.forEach((e, i) => {
        // two suites that say the same are told apart
        e.alike = [own[i - 1], own[i + 1]].some((o) => o && o.check === e.check && o.suite !== e.suite);
      });
      return { group, entries: own };
    })
    .filter((g) => g.entries.length);
}

// saidNode shows one line of what was said, its arrow as one.
function saidNode(said) {
  const at = said.indexOf(' -> ');
  if (at < 0) return el('span.said', null, said);
  const arrow = el('span.arrow', { 'aria-label': 'to' }, ' → ');
  return el('span.said', null, said.slice(0, at), arrow, said.slice(at + 4));
}
