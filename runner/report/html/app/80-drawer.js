// The drawer at the side: one check, or one host, in full. It leaves the grid where it is,
// so that j and k walk on while it is open.

class Drawer {
  constructor(page) {
    this.page = page;
    this.node = el('aside.drawer', { 'aria-label': 'Details', hidden: true, tabindex: '-1' });
    this.shown = '';
  }

  // wanted says whether the state has something to show in it.
  get wanted() {
    return Boolean(this.page.state.row || this.page.state.about);
  }

  // show shows what the state names; the same once more is left as it is.
  show() {
    const { state } = this.page;
    const what = JSON.stringify([state.row, state.in, state.about]);
    if (what === this.shown) return;
    this.shown = what;
    const content = state.row ? this.check() : state.about ? this.host() : null;
    this.node.hidden = !content;
    document.body.classList.toggle('with-drawer', Boolean(content));
    this.node.replaceChildren(...(content || []));
    this.node.scrollTop = 0;
  }

  close() {
    const inside = this.node.contains(document.activeElement);
    this.page.router.go({ row: '', in: '', about: '' });
    if (inside) this.page.focusView();
  }

  head(...title) {
    return el(
      'header',
      null,
      el('div.title', null, ...title),
      button('✕', () => this.close(), { class: 'close', 'aria-label': 'Close (Esc)' }),
    );
  }

  check() {
    const { data, state, router } = this.page;
    const row = rowOf(data, state);
    if (row < 0) {
      return [
        this.head(el('h2', null, 'Not here')),
        el('p', null, `This report has no check "${state.row}".`),
        data.meta.folded ? el('p', null, 'Checks that simply passed are not listed in it.') : '',
      ];
    }
    const host = data.rowHost(row);
    return [
      this.head(
        badge(data.word(row)),
        el('h2', null, data.id(row)),
        el('p', null, 'on ', el('a', { href: router.link({ row: '', in: '', about: host }) }, host)),
      ),
      el(
        'p.actions',
        null,
        copyButton('Copy link', () => location.href),
        copyButton('Copy as text', () => rowText(data, row)),
        el(
          'a',
          {
            href: router.link({
              tab: 'grid',
              status: [],
              host: [],
              q: data.id(row).includes('"') ? '' : `check:"${data.id(row)}"`,
            }),
          },
          'The same check elsewhere',
        ),
      ),
      detailNode(this.page, row),
    ];
  }

  host() {
    const { data, state } = this.page;
    const h = data.findHost(state.about);
    if (h < 0)
      return [this.head(el('h2', null, 'Not here')), el('p', null, `This report has no host "${state.about}".`)];
    return [
      this.head(badge(data.hostOutcome(h)), el('h2', null, state.about)),
      el(
        'p.actions',
        null,
        copyButton('Copy link', () => location.href),
      ),
      ...hostDetail(this.page, h),
    ];
  }
}

// rowText is a row in one line, for a ticket, a chat or a spreadsheet.
function rowText(data, row) {
  const parts = [data.rowHost(row), data.id(row), data.word(row)];
  const said = [data.saidOf(row), data.markOf(row) && `(${data.markOf(row)})`].filter(Boolean).join(' ');
  const because = [
    data.place(row),
    data.checkText(row, 'why') && `"${data.checkText(row, 'why')}"`,
    data.checkText(row, 'owner') && `owner ${data.checkText(row, 'owner')}`,
  ]
    .filter(Boolean)
    .join(', ');
  return harmless(`${parts.join('  ')}${said ? `: ${said}` : ''}${because ? `  [${because}]` : ''}`);
}
