// The bar above changes, hosts and grid: search, outcomes, kinds, suites, owners.

const offered = 100; // values of a facet that are listed

class FilterBar {
  constructor(page) {
    this.page = page;
    const { router } = page;
    this.input = el('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search: sql  host:web*  status:regressed  -kind:disk',
      autocomplete: 'off',
      spellcheck: 'false',
      'aria-label': 'Search',
      'aria-describedby': 'mistakes',
      input: () => this.typed(),
      keydown: (e) => this.key(e),
    });
    this.mistakes = el('div.mistakes', { id: 'mistakes', role: 'status' });
    this.chips = el('div.chips', { role: 'group', 'aria-label': 'Outcomes' });
    this.facets = Object.fromEntries(facetNames.map((name) => [name, this.facet(name)]));
    this.columns = this.columnMenu();
    this.hosts = el('span.chosen');
    this.clear = button(
      'Clear',
      () =>
        router.go({
          ...emptyState(),
          tab: this.page.state.tab,
          sort: this.page.state.sort,
          cols: this.page.state.cols,
        }),
      { class: 'quiet' },
    );
    this.count = el('span.found', { role: 'status', 'aria-live': 'polite' });
    this.csv = button('CSV', () => saveCSV(page, this.csv), { title: 'Save what the filter leaves as CSV' });
    this.node = el(
      'section.filter',
      { 'aria-label': 'Filter' },
      el(
        'div.line',
        null,
        this.input,
        this.count,
        this.clear,
        ...facetNames.map((n) => this.facets[n].node),
        this.columns,
        this.csv,
        copyButton('Copy link', () => location.href, { title: 'Copy the address of what is shown' }),
        button('Print', () => window.print(), {
          class: 'quiet',
          title: 'Print the summary and what the filter leaves',
        }),
      ),
      this.mistakes,
      el('div.line', null, this.chips, this.hosts),
    );
  }

  typed() {
    clearTimeout(this.wait);
    this.wait = setTimeout(() => this.page.router.go({ q: this.input.value, row: '', in: '' }, true), 60);
  }

  key(event) {
    if (event.key === 'Escape') {
      if (this.input.value) {
        this.input.value = '';
        this.typed();
      } else {
        this.input.blur();
      }
    } else if (event.key === 'Enter' || event.key === 'ArrowDown') {
      this.page.focusView();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  show(found) {
    const { state, selection } = this.page;
    if (document.activeElement !== this.input || !this.input.value) this.input.value = state.q;
    this.mistakes.replaceChildren(...selection.mistakes.map((m) => el('p.mistake', null, m)));
    this.showChips();
    for (const name of facetNames) this.showFacet(name);
    this.hosts.replaceChildren(
      ...(state.host.length
        ? [
            button(
              `${state.host.length === 1 ? state.host[0] : plural(state.host.length, 'host')} ✕`,
              () => this.page.router.go({ host: [] }),
              { class: 'chip on', 'aria-label': 'Drop the choice of hosts' },
            ),
          ]
        : []),
    );
    this.clear.hidden = !isNarrowed(state);
    this.columns.hidden = state.tab !== 'grid';
    this.count.textContent = found;
  }

  // showChips shows each outcome with the number of rows that it would leave.
  showChips() {
    const { data, state, selection, router } = this.page;
    const words = data.outcomes.map((word, i) => [word, selection.statusCounts[i]]).reverse();
    this.chips.replaceChildren(
      ...words
        .filter(([word]) => (data.summary.counts || {})[word] || state.status.includes(word))
        .map(([word, n]) => {
          const on = state.status.includes(word);
          const key = digitOf(word);
          return el(
            `button.chip.${look(word).tone}${on ? '.on' : ''}`,
            {
              type: 'button',
              'aria-pressed': String(on),
              title: look(word).means + (key ? ` (key ${key})` : ''),
              'data-status': word,
              click: () => router.toggle('status', word),
            },
            el('span.sign', { 'aria-hidden': 'true' }, look(word).sign),
            word,
            el('span.number', null, thousands(n)),
          );
        }),
    );
  }

  facet(name) {
    const menu = el('div.menu');
    const label = el('summary', null, name);
    return { menu, label, node: el('details.drop', { 'data-facet': name }, label, menu) };
  }

  showFacet(name) {
    const { state, selection, router } = this.page;
    const { menu, label, node } = this.facets[name];
    const { values, counts } = selection.facets[name];
    const chosenNow = state[name];
    label.textContent = chosenNow.length
      ? `${name}: ${chosenNow.length === 1 ? chosenNow[0] || 'nobody' : chosenNow.length}`
      : name;
    node.classList.toggle('on', chosenNow.length > 0);
    node.hidden = values.length < 2 && !chosenNow.length;
    const order = values
      .map((v, i) => [v, counts[i]])
      .sort((a, b) => chosenNow.includes(b[0]) - chosenNow.includes(a[0]) || b[1] - a[1]);
    const focused = menu.contains(document.activeElement) ? document.activeElement.value : null;
    menu.replaceChildren(
      ...order.slice(0, offered).map(([value, n]) => {
        const box = el('input', { type: 'checkbox', value, change: () => router.toggle(name, value) });
        box.checked = chosenNow.includes(value);
        return el('label', null, box, el('span', null, value || 'nobody'), el('span.number.dim', null, thousands(n)));
      }),
      ...(order.length > offered
        ? [el('p.dim', null, `${thousands(order.length - offered)} more: search for ${name}:…`)]
        : []),
    );
    if (focused !== null) [...menu.querySelectorAll('input')].find((b) => b.value === focused)?.focus();
  }

  columnMenu() {
    const menu = el(
      'div.menu',
      null,
      ...gridColumns.map((c) => {
        const box = el('input', { type: 'checkbox', value: c.key, change: () => this.choose(c.key, box.checked) });
        return el('label', null, box, c.label);
      }),
    );
    return el(
      'details.drop.columns',
      {
        toggle: () => {
          const now = this.page.grid.columns().map((c) => c.key);
          for (const box of menu.querySelectorAll('input')) box.checked = now.includes(box.value);
        },
      },
      el('summary', null, 'columns'),
      menu,
    );
  }

  choose(key, on) {
    const now = this.page.grid.columns().map((c) => c.key);
    const next = gridColumns.map((c) => c.key).filter((k) => (k === key ? on : now.includes(k)));
    const usual =
      next.join() ===
      gridColumns
        .map((c) => c.key)
        .filter((k) => usualColumns.includes(k))
        .join();
    this.page.router.go({ cols: usual ? [] : next });
  }
}

// digits are the keys of the outcomes that somebody must look at, the worst first.
const digits = ['regressed', 'failed', 'unmet', 'unknown', 'waived', 'pre-existing', 'drifted'];

function digitOf(word) {
  return digits.indexOf(word) + 1;
}
