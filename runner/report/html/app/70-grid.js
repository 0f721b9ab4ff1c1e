// The grid: all checks that the filter leaves, a line each.

const gridColumns = [
  { key: 'status', label: 'outcome', width: '9.5rem', sort: true, title: 'Sort by outcome, the worst first' },
  { key: 'host', label: 'host', width: 'minmax(8rem, 1.3fr)', sort: true },
  { key: 'check', label: 'check', width: 'minmax(10rem, 1.7fr)', sort: true },
  { key: 'said', label: 'what was found', width: 'minmax(12rem, 3fr)', sort: true },
  { key: 'owner', label: 'owner', width: 'minmax(6rem, 1fr)', sort: true },
  { key: 'kind', label: 'kind', width: '6.5rem', sort: true },
  { key: 'suite', label: 'suite', width: '7rem', sort: true },
  { key: 'file', label: 'asked for at', width: 'minmax(8rem, 1fr)', sort: true },
  { key: 'took', label: 'took', width: '5rem', sort: true },
];
const usualColumns = ['status', 'host', 'check', 'said', 'owner', 'took'];

// rowState is what the address says of a row.
function rowState(data, row) {
  const host = data.rowHost(row);
  const id = data.id(row);
  const unique = data.findRow(host, id, '') === row;
  return { row: `${host}/${id}`, in: unique ? '' : data.checkText(row, 'suite') };
}

// rowOf is the reverse; a host's name may have a slash in it as a check's id has.
function rowOf(data, state) {
  for (let cut = state.row.indexOf('/'); cut >= 0; cut = state.row.indexOf('/', cut + 1)) {
    const row = data.findRow(state.row.slice(0, cut), state.row.slice(cut + 1), state.in);
    if (row >= 0) return row;
  }
  return -1;
}

class GridView {
  constructor(page) {
    this.page = page;
    this.list = new VirtualList({
      id: 'row',
      label: 'Checks',
      narrowHeight: 82,
      columns: [],
      fill: (cells, index, node) => this.fill(cells, page.selection.rows[index], node),
      open: (index, byKey) => page.open(page.selection.rows[index], byKey),
      moved: (index) => {
        if (page.state.row) page.open(page.selection.rows[index]);
      },
      sort: (key) => page.sortBy(key),
    });
    this.node = el('div.view.grid', null, this.list.node);
  }

  // columns are those of the state, in the order of the table.
  columns() {
    const wanted = this.page.state.cols.length ? this.page.state.cols : usualColumns;
    const columns = gridColumns.filter((c) => wanted.includes(c.key));
    return columns.length ? columns : gridColumns.filter((c) => usualColumns.includes(c.key));
  }

  // beside are those that have room beside an open drawer, which tells the rest.
  beside() {
    const columns = this.columns();
    if (!this.page.drawer.wanted) return columns;
    const main = columns.filter((c) => ['status', 'host', 'check', 'said'].includes(c.key));
    return main.length ? main : columns;
  }

  show() {
    const { data, state, selection } = this.page;
    const { rows } = selection;
    const columns = this.beside();
    const shown = JSON.stringify([selection.filter, state.sort]);
    const keys = columns.map((c) => c.key).join();
    if (shown !== this.shown || keys !== this.keys) {
      if (shown !== this.shown) {
        this.list.body.scrollTop = 0;
        this.list.cursor = -1;
      }
      this.list.columns = columns;
      this.list.show(rows.length, state.sort || 'status');
      [this.shown, this.keys] = [shown, keys];
    }
    const at = state.row ? rows.indexOf(rowOf(data, state)) : -1;
    if (at >= 0 && at !== this.list.cursor) {
      const { moved } = this.list;
      this.list.moved = null; // the address says so already
      this.list.move(at);
      this.list.moved = moved;
    }
    this.list.draw();
    this.list.node.hidden = !rows.length;
    this.node.querySelector('.empty')?.remove();
    if (!rows.length) this.node.append(emptyNode(this.page, 'No check'));
    return this.page.foundText();
  }

  fill(cells, row, node) {
    const { data } = this.page;
    const put = (key, text) => {
      if (!cells[key]) return;
      cells[key].textContent = text;
      cells[key].title = text;
    };
    const word = data.word(row);
    node.dataset.tone = data.fails(row) ? 'bad' : look(word).tone;
    if (cells.status) cells.status.replaceChildren(data.fails(row) ? failsBadge(word) : badge(word));
    put('host', data.rowHost(row));
    put('check', data.id(row));
    put('owner', data.checkText(row, 'owner'));
    put('kind', data.checkText(row, 'kind'));
    put('suite', data.checkText(row, 'suite'));
    put('file', data.place(row));
    put('took', spell(data.took[row]));
    if (cells.said) {
      const mark = data.markOf(row);
      cells.said.replaceChildren(saidNode(data.saidOf(row)), ...(mark ? [el('span.mark', null, mark)] : []));
      cells.said.title = data.saidOf(row);
    }
  }
}
