// VirtualList shows any number of rows with the elements of one screen. It is an ARIA grid:
// the keyboard's focus stays on the list, and aria-activedescendant names the row, since
// rows come and go as one scrolls.

// Browsers cut elements that are too high, Firefox at some 17 million pixels: above this
// the scroll bar stands for more than itself.
const highest = 8000000;
const overscan = 6;

class VirtualList {
  // of: label, columns [{key, label, width, sort}], fill(cells, index), open(index), moved(index), sort(key).
  constructor(of) {
    Object.assign(this, of);
    this.count = 0;
    this.cursor = -1;
    this.elements = [];
    this.head = el('div.row.head', { role: 'row', 'aria-rowindex': '1' });
    this.spacer = el('div.spacer', { role: 'rowgroup' });
    this.body = el('div.scroll', { role: 'presentation', tabindex: '-1' }, this.spacer);
    this.node = el(
      'div.list',
      { role: 'grid', tabindex: '0', 'aria-label': this.label, keydown: (e) => this.key(e) },
      el('div', { role: 'rowgroup' }, this.head),
      this.body,
    );
    this.body.addEventListener('scroll', () => this.draw(), { passive: true });
    this.sizes = new ResizeObserver(() => this.draw());
    this.sizes.observe(this.body);
    this.narrow = matchMedia('(max-width: 720px)');
    this.narrow.addEventListener('change', () => this.show(this.count, this.sorting));
  }

  get rowHeight() {
    return this.narrow.matches ? this.narrowHeight || 76 : 34;
  }

  // show shows count rows anew, with the sorting that the head marks.
  show(count, sorting) {
    this.count = count;
    this.sorting = sorting || '';
    this.headings();
    this.node.setAttribute('aria-rowcount', String(count + 1));
    this.node.setAttribute('aria-colcount', String(this.columns.length));
    this.node.style.setProperty('--columns', this.columns.map((c) => c.width).join(' '));
    this.node.style.setProperty('--row', `${this.rowHeight}px`);
    this.spacer.style.height = `${Math.min(count * this.rowHeight, highest)}px`;
    this.spacer.replaceChildren();
    this.elements = [];
    if (this.cursor >= count) this.cursor = count - 1;
    this.draw();
  }

  headings() {
    const [, down, by] = this.sorting.match(/^(-?)(.*)$/);
    this.head.replaceChildren(
      ...this.columns.map((c) => {
        const mine = c.key === by;
        const cell = el(`div.cell.${c.key}`, { role: 'columnheader' });
        if (!c.sort) {
          cell.append(c.label);
          return cell;
        }
        if (mine) cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const arrow = el('span.arrow', { 'aria-hidden': 'true' }, mine ? (down ? '▾' : '▴') : '');
        cell.append(button([c.label, arrow], () => this.sort(c.key), { title: c.title || `Sort by ${c.label}` }));
        return cell;
      }),
    );
  }

  // top is the first pixel that is seen, of all the rows' together.
  get top() {
    const room = this.body.clientHeight;
    const total = this.count * this.rowHeight;
    if (total <= highest) return this.body.scrollTop;
    return (this.body.scrollTop / (highest - room)) * (total - room);
  }

  draw() {
    const room = this.body.clientHeight;
    if (!room) return;
    this.node.style.setProperty('--bar', `${this.body.offsetWidth - this.body.clientWidth}px`); // the head has none
    const { top, rowHeight } = this;
    const first = Math.max(0, Math.floor(top / rowHeight) - overscan);
    const last = Math.min(this.count, Math.ceil((top + room) / rowHeight) + overscan);
    const shift = this.body.scrollTop - top;
    const size = Math.ceil(room / rowHeight) + 2 * overscan + 1;
    for (let index = first; index < last; index++) {
      const row = this.element(index % size);
      if (row.index !== index) {
        row.index = index;
        row.node.setAttribute('aria-rowindex', String(index + 2));
        this.fill(row.cells, index, row.node);
      }
      row.node.style.transform = `translateY(${index * rowHeight + shift}px)`;
      row.node.classList.toggle('current', index === this.cursor);
      row.node.setAttribute('aria-selected', String(index === this.cursor));
      row.node.hidden = false;
    }
    for (const row of this.elements) {
      if (!row || (row.index >= first && row.index < last)) continue;
      row.node.hidden = true;
      row.node.classList.remove('current');
    }
    const current = this.elements.find((row) => row && row.index === this.cursor && !row.node.hidden);
    if (current) this.node.setAttribute('aria-activedescendant', current.node.id);
    else this.node.removeAttribute('aria-activedescendant');
  }

  element(slot) {
    if (!this.elements[slot]) {
      const cells = Object.fromEntries(this.columns.map((c) => [c.key, el(`div.cell.${c.key}`, { role: 'gridcell' })]));
      const node = el('div.row', { role: 'row', id: `${this.id}-${slot}` }, ...Object.values(cells));
      const row = { node, cells, index: -1 };
      node.addEventListener('click', (e) => {
        if (e.target.closest('a, button')) return;
        this.move(row.index);
        this.open(row.index);
      });
      this.elements[slot] = row;
      this.spacer.append(node);
    }
    return this.elements[slot];
  }

  // move puts the cursor on a row and brings it into sight.
  move(index) {
    this.cursor = Math.max(0, Math.min(index, this.count - 1));
    const { rowHeight } = this;
    const room = this.body.clientHeight;
    const total = this.count * rowHeight;
    const at = this.cursor * rowHeight;
    let { top } = this;
    if (at < top) top = at;
    else if (at + rowHeight > top + room) top = at + rowHeight - room;
    if (top !== this.top) {
      this.body.scrollTop = total <= highest ? top : (top / (total - room)) * (highest - room);
    }
    this.draw();
    if (this.moved) this.moved(this.cursor);
  }

  step(by) {
    if (this.count) this.move(this.cursor < 0 ? 0 : this.cursor + by);
  }

  key(event) {
    if (event.target !== this.node || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.body.clientHeight / this.rowHeight) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.count, End: this.count }[
      event.key
    ];
    if (by !== undefined) this.step(by);
    else if (event.key === 'Enter' && this.cursor >= 0) this.open(this.cursor, true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
