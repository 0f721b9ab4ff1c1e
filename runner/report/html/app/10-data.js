'use strict';

// The data of the page. Each block is one JSON value, gzip, base64: base64 ends
// no script, whatever a host says. Columns of numbers become typed arrays, so that half
// a million rows take some ten megabytes and no objects.

const version = 1; // of the blocks that this script reads

// fromBase64 gives the bytes of a block.
function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

// block reads the JSON value of the element with that id.
async function block(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the block "${id}" is missing: is the file whole?`);
  const zipped = new Blob([fromBase64(element.textContent.trim())]);
  const stream = zipped.stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

// Data is all that the report tells; text stands in strings, and columns point into it.
class Data {
  static async read() {
    const [meta, strings, hosts, checks, rows] = await Promise.all(
      ['meta', 'strings', 'hosts', 'checks', 'rows'].map(block),
    );
    if (meta.version !== version) {
      throw new Error(`its data has version ${meta.version}, and this page reads version ${version}`);
    }
    return new Data(meta, strings, hosts, checks, rows);
  }

  constructor(meta, strings, hosts, checks, rows) {
    Object.assign(this, { meta, strings, hosts, checks });
    this.run = meta.run;
    this.summary = meta.summary;
    // Words are looked up in these, and "constructor" is one that every object knows.
    for (const of of [this.hosts, this.summary]) of.counts = Object.assign(Object.create(null), of.counts);
    this.outcomes = meta.outcomes; // mildest first
    this.hostCount = hosts.name.length;
    this.rowCount = rows.check.length;
    this.check = Uint32Array.from(rows.check);
    this.outcome = Uint8Array.from(rows.outcome);
    this.took = Float64Array.from(rows.took);
    this.mark = Uint32Array.from(rows.mark);
    this.said = Uint32Array.from(rows.said);
    this.failing = Uint8Array.from(rows.failing);
    this.indexHosts();
    this.chunks = new Map();
  }

  // The rows stand in the order of the hosts, each host's together.
  indexHosts() {
    this.host = new Uint32Array(this.rowCount);
    this.firstRow = new Uint32Array(this.hostCount + 1);
    let at = 0;
    for (let h = 0; h < this.hostCount; h++) {
      this.firstRow[h] = at;
      at += this.hosts.rows[h];
      this.host.fill(h, this.firstRow[h], at);
    }
    this.firstRow[this.hostCount] = at;
    if (at !== this.rowCount) throw new Error(`${at} rows belong to hosts, and there are ${this.rowCount}`);
  }

  hostName(h) {
    return this.strings[this.hosts.name[h]];
  }
  hostText(h, column) {
    return this.strings[this.hosts[column][h]] || '';
  }
  hostNotes(h) {
    return ((this.hosts.notes || {})[h] || []).map((s) => this.strings[s]);
  }
  hostCountOf(h, word) {
    return (this.hosts.counts[word] || [])[h] || 0;
  }
  hostOutcome(h) {
    return this.outcomes[this.hosts.outcome[h]];
  }

  // fails says whether a change makes the run fail though the outcome is a mild one: in a
  // check that was broken before, or could be observed in part.
  fails(row) {
    return this.failing[row] === 1 && look(this.word(row)).tone !== 'bad';
  }

  // hostFails says so of a host, by the worst that it came to.
  hostFails(h) {
    if (look(this.hostOutcome(h)).tone === 'bad') return false;
    return this.failing.subarray(this.firstRow[h], this.firstRow[h + 1]).includes(1);
  }

  // hostRank is larger for a worse host. A change that fails it is as bad as what is unmet.
  hostRank(h) {
    return this.hostFails(h) ? this.outcomes.indexOf('unmet') + 0.5 : this.hosts.outcome[h];
  }

  word(row) {
    return this.outcomes[this.outcome[row]];
  }
  id(row) {
    return this.checkText(row, 'id');
  }
  rowHost(row) {
    return this.hostName(this.host[row]);
  }
  saidOf(row) {
    return this.strings[this.said[row]];
  }
  markOf(row) {
    return this.strings[this.mark[row]];
  }
  checkText(row, column) {
    return this.strings[this.checks[column][this.check[row]]];
  }

  // place is the suite's line that asks for the check.
  place(row) {
    const file = this.checkText(row, 'file');
    const line = this.checks.line[this.check[row]];
    return file && line > 0 ? `${file}:${line}` : file;
  }

  findHost(name) {
    if (!this.byName) {
      this.byName = new Map();
      for (let h = this.hostCount - 1; h >= 0; h--) this.byName.set(this.hostName(h), h);
    }
    const h = this.byName.get(name);
    return h === undefined ? -1 : h;
  }

  // findRow finds a check of a host; the suite tells apart two checks of one id.
  findRow(host, id, suite) {
    const h = this.findHost(host);
    if (h < 0) return -1;
    let found = -1;
    for (let row = this.firstRow[h]; row < this.firstRow[h + 1]; row++) {
      if (this.id(row) !== id) continue;
      if (!suite || this.checkText(row, 'suite') === suite) return row;
      if (found < 0) found = row;
    }
    return found;
  }

  chunkOf(row) {
    const first = this.meta.detailChunks;
    let low = 0;
    let high = first.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (first[middle] <= row) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  get chunkCount() {
    return this.meta.detailChunks.length;
  }

  // chunk gives what details a chunk has, by row. A few chunks are kept: who reads one
  // drawer opens the next row's, and all of them together would be large.
  async chunk(k) {
    if (!this.chunks.has(k)) {
      this.chunks.set(
        k,
        block(`details-${k}`).then((all) => new Map(all.map((d) => [d.row, d]))),
      );
      if (this.chunks.size > 12) this.chunks.delete(this.chunks.keys().next().value);
    }
    return this.chunks.get(k);
  }

  // details are a row's beyond its one line: findings, evidence, what settled, what is hidden.
  async details(row) {
    const k = this.chunkOf(row);
    return (k >= 0 && (await this.chunk(k)).get(row)) || {};
  }
}
