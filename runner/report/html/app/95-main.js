// The page as a whole. The summary below is whole without it; this takes its place once
// the data is read, and stays away where it cannot be.

const tabTitles = { overview: 'Overview', changes: 'Changes', hosts: 'Hosts', grid: 'All checks' };

class Page {
  constructor(data) {
    this.data = data;
    this.selection = new Selection(data);
    this.router = new Router(() => this.show());
    this.filter = new FilterBar(this);
    this.drawer = new Drawer(this);
    this.grid = new GridView(this);
    this.hosts = new HostsView(this);
    this.help = helpDialog();
    this.panel = el('div.panel', { id: 'panel', role: 'tabpanel', tabindex: '-1' });
    this.message = el('p.message', { role: 'alert', hidden: true });
    this.paper = el('div.print');
    this.tabList = this.makeTabs();
    this.node = el(
      'div.page',
      null,
      this.top(),
      this.filter.node,
      this.message,
      el('div.stage', null, this.panel, this.drawer.node),
      this.help,
      this.paper,
    );
  }

  get state() {
    return this.router.state;
  }

  top() {
    const { run, summary, meta } = this.data;
    const tone = verdictTone(summary.exit_code);
    return el(
      'header.top',
      null,
      el(
        'a.brand',
        { href: '#', title: summary.reason || '' },
        el(
          `span.badge.${tone}`,
          null,
          el('span.sign', { 'aria-hidden': 'true' }, { good: '✓', bad: '✗', warn: '!' }[tone]),
          summary.verdict,
        ),
        el('span.run', null, run.name || titleOf(run)),
      ),
      this.tabList,
      el(
        'span.tools',
        null,
        meta.redacted ? el('span.dim', null, 'redacted') : null,
        button('◐', () => this.toggleTheme(), {
          class: 'quiet',
          'aria-label': 'Light or dark',
          title: 'Light or dark (t)',
        }),
        button('?', () => this.help.showModal(), {
          class: 'quiet',
          'aria-label': 'Help',
          title: 'Keys and search (?)',
        }),
      ),
    );
  }

  makeTabs() {
    const made = tabs.map((tab) =>
      button(tabTitles[tab], () => this.router.go({ tab }), {
        role: 'tab',
        id: `tab-${tab}`,
        'aria-controls': 'panel',
      }),
    );
    return el(
      'div.tabs',
      {
        role: 'tablist',
        'aria-label': 'Views',
        keydown: (e) => {
          const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
          if (!by) return;
          const to = (tabs.indexOf(this.state.tab) + by + tabs.length) % tabs.length;
          this.router.go({ tab: tabs[to] });
          made[to].focus();
          e.preventDefault();
        },
      },
      ...made,
    );
  }

  // show brings everything to the state.
  show() {
    const { state } = this;
    this.selection.update(state);
    for (const tab of this.tabList.children) {
      const on = tab.id === `tab-${state.tab}`;
      tab.setAttribute('aria-selected', String(on));
      tab.tabIndex = on ? 0 : -1;
    }
    this.panel.setAttribute('aria-labelledby', `tab-${state.tab}`);
    document.body.dataset.tab = state.tab;
    this.filter.node.hidden = state.tab === 'overview';
    const found = this.view();
    if (state.tab !== 'overview') this.filter.show(found);
    this.drawer.show();
    this.list?.draw(); // a drawer takes room
    const { run, summary } = this.data;
    document.title = `${summary.verdict} - ${tabTitles[state.tab]} - postpatch ${run.command} ${run.name || ''}`;
  }

  // view shows the tab's view and says how much it shows.
  view() {
    const { state } = this;
    const shown = JSON.stringify([state.tab, this.selection.filter]);
    const put = (node) => {
      if (this.panel.firstChild !== node || this.panel.children.length !== 1) this.panel.replaceChildren(node);
    };
    if (state.tab === 'grid') {
      put(this.grid.node);
      this.shown = shown;
      return this.grid.show();
    }
    if (state.tab === 'hosts') {
      put(this.hosts.node);
      const sight = `${shown} ${state.sort} ${this.drawer.wanted}`;
      if (sight !== this.shown) this.found = this.hosts.show();
      this.shown = sight;
      return this.found;
    }
    if (shown !== this.shown) {
      this.panel.replaceChildren(state.tab === 'changes' ? changesNode(this) : overviewNode(this));
      this.panel.scrollTop = 0;
    }
    this.shown = shown;
    return this.foundText();
  }

  foundText() {
    const of = plural(this.data.rowCount, 'check');
    return this.selection.rows.length === this.data.rowCount ? of : `${thousands(this.selection.rows.length)} of ${of}`;
  }

  get list() {
    return { grid: this.grid.list, hosts: this.hosts.list }[this.state.tab];
  }

  // folded are the changes of the selection; those of all rows are kept for the overview.
  folded() {
    const { data, state, selection } = this;
    if (state.tab === 'overview') {
      this.allFolded = this.allFolded || fold(data, data.check.keys(), false);
      return this.allFolded;
    }
    return fold(
      data,
      selection.selected,
      state.status.some((w) => w === 'passed' || w === 'skipped'),
    );
  }

  // open shows a row in the drawer. Walking over rows makes no steps for the back button.
  open(row, byKey) {
    const walking = Boolean(this.state.row);
    this.router.go({ ...rowState(this.data, row), about: '' }, walking);
    if (byKey) setTimeout(() => this.drawer.node.focus(), 0); // when the address has been read
  }

  sortBy(key) {
    const now = this.state.sort || 'status';
    this.router.go({ sort: now === key ? `-${key}` : key });
  }

  pick(word) {
    const tab = this.state.tab === 'overview' ? 'grid' : this.state.tab;
    const status = this.state.status.includes(word)
      ? this.state.status.filter((w) => w !== word)
      : [...this.state.status, word];
    this.router.go({ tab, status });
  }

  search() {
    if (this.state.tab === 'overview') this.router.go({ tab: 'grid' });
    this.filter.node.hidden = false;
    this.filter.input.focus();
    this.filter.input.select();
  }

  // step goes to the next line: of the grid, of the hosts, or of the changes.
  step(by) {
    if (this.list) {
      this.list.node.focus({ preventScroll: true });
      this.list.step(by);
      return;
    }
    const stops = [...this.panel.querySelectorAll('.entry > summary, .first a, .tile')];
    const at = stops.indexOf(document.activeElement);
    stops[Math.max(0, Math.min(stops.length - 1, at + by))]?.focus();
  }

  enter() {
    if (this.list && this.list.cursor >= 0) this.list.open(this.list.cursor, true);
  }

  escape() {
    const open = document.querySelector('details.drop[open]');
    if (open) open.open = false;
    else if (!this.drawer.node.hidden) this.drawer.close();
    else document.activeElement?.blur();
  }

  focusView() {
    (this.list ? this.list.node : this.panel).focus();
  }

  tell(text) {
    this.message.textContent = text;
    this.message.hidden = false;
  }

  toggleTheme() {
    const root = document.documentElement;
    const dark = root.dataset.theme
      ? root.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    root.dataset.theme = dark ? 'light' : 'dark';
    try {
      localStorage.setItem('postpatch-theme', root.dataset.theme);
    } catch {
      /* a page without storage forgets it */
    }
  }

  start() {
    addEventListener('keydown', (e) => onKey(this, e));
    addEventListener('beforeprint', () => this.paper.replaceChildren(printNode(this)));
    addEventListener('afterprint', () => this.paper.replaceChildren());
    addEventListener('click', (e) => {
      // a click elsewhere closes a menu
      for (const open of document.querySelectorAll('details.drop[open]'))
        if (!open.contains(e.target)) open.open = false;
    });
    const app = document.getElementById('app');
    app.append(this.node);
    app.hidden = false;
    document.getElementById('static').hidden = true;
    document.body.classList.add('live');
    this.show();
    performance.mark('postpatch ready');
  }
}

function rememberedTheme() {
  try {
    const theme = localStorage.getItem('postpatch-theme');
    if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
  } catch {
    /* a page without storage has no memory */
  }
}

// sorry says above the summary why there is no more than that.
function sorry(why) {
  document.body.prepend(el('p.sorry', { role: 'alert' }, `${why} Below is the summary, which is whole.`));
}

async function main() {
  rememberedTheme();
  if (typeof DecompressionStream === 'undefined') {
    const enough = 'Edge or Chrome 80, Firefox 113 or Safari 16.4 and later have what it takes.';
    sorry(`This browser is too old for the filters and the list of all checks: ${enough}`);
    return;
  }
  try {
    new Page(await Data.read()).start();
  } catch (error) {
    document.getElementById('app').hidden = true;
    document.getElementById('static').hidden = false;
    document.body.classList.remove('live');
    sorry(`The list of all checks could not be shown: ${error.message}.`);
  }
}

main();
