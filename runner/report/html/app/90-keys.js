// The keyboard, and the page that tells of it.

const help = [
  ['/', 'search'],
  ['j  k', 'next and previous line'],
  ['Enter', 'open the line'],
  ['Esc', 'close what is open'],
  ['1 … 7', digits.join(', ')],
  ['o  c  h  a', 'overview, changes, hosts, all checks'],
  ['t', 'light or dark'],
  ['?', 'this help'],
];

const searchHelp = [
  ['sql', 'anywhere in host, check, kind, suite, owner, why, or what was found'],
  ['"not found"', 'with a space in it'],
  ['host:sql*', 'a star stands for anything; without one, a part is enough'],
  ['status:regressed,failed', 'any of them'],
  ['kind:service owner:dba', 'both; a kind or a suite is a whole name'],
  ['-suite:web', 'all but these'],
  ['fields', fields.join(', ')],
];

function helpDialog() {
  const table = (rows) =>
    el('dl.keys', null, ...rows.flatMap(([key, text]) => [el('dt', null, el('kbd', null, key)), el('dd', null, text)]));
  const node = el(
    'dialog.help',
    {
      'aria-label': 'Help',
      click: (e) => {
        if (e.target === node) node.close();
      },
    },
    el(
      'div',
      null,
      el('h2', null, 'Keys'),
      table(help),
      el('h2', null, 'Search'),
      table(searchHelp),
      button('Close', () => node.close()),
    ),
  );
  return node;
}

// onKey does what a key says, unless somebody is writing.
function onKey(page, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (page.help.open) {
    if (event.key === '?') page.help.close();
    return;
  }
  if (event.target.closest?.('input:not([type=checkbox]), textarea, select')) return;
  const act = actionOf(page, event.key, event.target);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(page, key, target) {
  const tab = { o: 'overview', c: 'changes', h: 'hosts', a: 'grid' }[key];
  if (tab) return () => page.router.go({ tab });
  const word = /^[1-7]$/.test(key) && digits[key - 1];
  if (word) return () => page.pick(word);
  switch (key) {
    case '/':
      return () => page.search();
    case 'j':
      return () => page.step(1);
    case 'k':
      return () => page.step(-1);
    case '?':
      return () => page.help.showModal();
    case 't':
      return () => page.toggleTheme();
    case 'Escape':
      return () => page.escape();
    case 'Enter':
      return target === document.body ? () => page.enter() : null;
    default:
      return null;
  }
}
