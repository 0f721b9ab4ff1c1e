// The timeline: when hosts were started again after the patch, when they were well, and
// which checks came up last. Few hosts have a line each; of many there are two curves, and
// what lies between them are the hosts that were started and not yet well.

const fewHosts = 30;

function timelineCard(page) {
  const { data } = page;
  const hosts = startsOf(data);
  if (!hosts.length) return null;
  const without = data.hostCount - hosts.length;
  const box = el('div.timeline');
  const about = [`${plural(hosts.length, 'host')} started again`];
  if (without) about.push(`of ${plural(without, 'host')} no start after the baseline is known`);
  const node = card('Back after the reboot', about.join('; '), box);
  const draw = (late) =>
    box.replaceChildren(
      hosts.length <= fewHosts ? linesDrawing(page, hosts, late) : curvesDrawing(hosts),
      legend(hosts.length <= fewHosts),
      ...slowest(page, hosts, late),
    );
  draw([]);
  lateChecks(data).then(draw, () => {}); // the hosts' own times are shown in any case
  return node;
}

// startsOf are the hosts with a start, by its time: {h, start, well}; well is 0 where nobody waited.
function startsOf(data) {
  const all = [];
  for (let h = 0; h < data.hostCount; h++) {
    const start = data.hosts.rebooted[h];
    if (start > 0) all.push({ h, start, well: data.hosts.settled[h] > 0 ? start + data.hosts.settled[h] : 0 });
  }
  return all.sort((a, b) => a.start - b.start);
}

// lateChecks are the checks that came up after their host's start, the slowest first. They
// stand in the details; of a very large file the first chunks tell enough.
async function lateChecks(data) {
  const enough = 40;
  const late = [];
  for (let k = 0; k < Math.min(data.chunkCount, enough); k++) {
    for (const d of (await data.chunk(k)).values()) {
      for (const s of d.settled || [])
        late.push({
          row: d.row,
          what: subjectOf(data.id(d.row), s.item),
          reading: s.reading || '',
          after: s.after_ns / 1e6,
          was: s.was,
        });
    }
  }
  late.sort((a, b) => b.after - a.after);
  late.partly = data.chunkCount > enough;
  return late;
}

// ticks are round times between two, a handful of them.
function ticks(from, to) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((m) => m * 60000);
  const step = steps.find((s) => (to - from) / s <= 7) || Math.ceil((to - from) / 7 / 86400000) * 86400000;
  const all = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) all.push(t);
  return all;
}

// scale maps times to the drawing's width, with some air at its ends.
function scale(hosts, late, left, right) {
  let from = Infinity;
  let to = 0;
  for (const { start, well } of hosts) {
    from = Math.min(from, start);
    to = Math.max(to, start, well);
  }
  for (const t of late) to = Math.max(to, t);
  const air = Math.max((to - from) * 0.03, 30000);
  [from, to] = [from - air, to + air];
  const x = (t) => left + ((t - from) / (to - from)) * (right - left);
  return { x, from, to };
}

function axis({ x, from, to }, top, bottom) {
  return ticks(from, to).flatMap((t) => [
    svg('line', { class: 'tick', x1: x(t), x2: x(t), y1: top, y2: bottom }),
    svg('text', { class: 'time', x: x(t), y: bottom + 16, 'text-anchor': 'middle' }, clock(t).slice(0, 5)),
  ]);
}

// linesDrawing has a line a host, from its start until it was well.
function linesDrawing(page, hosts, late) {
  const { data } = page;
  const [left, right, step, top] = [190, 980, 26, 8];
  const byHost = new Map();
  for (const l of late) {
    const h = data.host[l.row];
    byHost.set(h, [...(byHost.get(h) || []), l]);
  }
  const times = hosts.flatMap(({ h, start }) => (byHost.get(h) || []).map((l) => start + l.after));
  const { x, ...span } = scale(hosts, times, left, right);
  const bottom = top + step * hosts.length;
  const drawing = svg(
    'svg',
    { viewBox: `0 0 1000 ${bottom + 24}`, role: 'img', 'aria-label': `When ${plural(hosts.length, 'host')} came back` },
    ...axis({ x, ...span }, top, bottom),
  );
  hosts.forEach(({ h, start, well }, i) => {
    const y = top + step * i + step / 2;
    const name = data.hostName(h);
    drawing.append(
      svg(
        'text',
        { class: 'host', x: left - 12, y: y + 4, 'text-anchor': 'end' },
        name.length > 24 ? `${name.slice(0, 23)}…` : name,
        svg('title', {}, name),
      ),
    );
    if (well)
      drawing.append(
        svg(
          'rect',
          { class: 'waiting', x: x(start), y: y - 5, width: Math.max(x(well) - x(start), 2), height: 10, rx: 5 },
          svg('title', {}, `${name}: well ${spell(well - start)} after its start`),
        ),
      );
    for (const l of (byHost.get(h) || []).slice(0, 60)) {
      drawing.append(
        svg(
          'path',
          { class: 'late', d: diamond(x(start + l.after), y, 4.5) },
          svg('title', {}, `${l.what} ${l.reading}: ${spell(l.after)} after the start; was ${l.was}`),
        ),
      );
    }
    drawing.append(
      svg(
        'circle',
        { class: 'start', cx: x(start), cy: y, r: 5 },
        svg('title', {}, `${name}: started ${moment(start)}`),
      ),
    );
    if (well)
      drawing.append(
        svg('circle', { class: 'well', cx: x(well), cy: y, r: 5 }, svg('title', {}, `${name}: well ${moment(well)}`)),
      );
  });
  return drawing;
}

function diamond(x, y, r) {
  return `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`;
}

// curvesDrawing counts, over the time, the hosts that were started and those that were well.
function curvesDrawing(hosts) {
  const [left, right, top, bottom] = [64, 980, 10, 200];
  const { x, from, to } = scale(hosts, [], left, right);
  const y = (n) => bottom - (n / hosts.length) * (bottom - top);
  const drawing = svg(
    'svg',
    {
      viewBox: '0 0 1000 224',
      role: 'img',
      'aria-label': `How many of ${plural(hosts.length, 'host')} were started and well, over the time`,
    },
    ...axis({ x, from, to }, top, bottom),
  );
  for (const part of [0, 0.5, 1]) {
    const n = Math.round(hosts.length * part);
    drawing.append(svg('text', { class: 'time', x: left - 8, y: y(n) + 4, 'text-anchor': 'end' }, thousands(n)));
  }
  const starts = counted(
    hosts.map((e) => e.start),
    from,
    to,
  );
  const wells = counted(
    hosts.filter((e) => e.well).map((e) => e.well),
    from,
    to,
  );
  const points = (all) =>
    all.map((n, i) => `${x(from + ((to - from) * i) / (all.length - 1)).toFixed(1)} ${y(n).toFixed(1)}`);
  if (wells.at(-1))
    drawing.append(
      svg('path', { class: 'between', d: `M${points(starts).join('L')}L${points(wells).reverse().join('L')}Z` }),
    );
  drawing.append(svg('path', { class: 'curve start', d: `M${points(starts).join('L')}` }));
  if (wells.at(-1)) drawing.append(svg('path', { class: 'curve well', d: `M${points(wells).join('L')}` }));
  return drawing;
}

// counted is, at 241 times in a row, how many of the times are past.
function counted(times, from, to) {
  const steps = 240;
  const all = new Array(steps + 1).fill(0);
  for (const t of times) all[Math.min(steps, Math.ceil(((t - from) / (to - from)) * steps))]++;
  for (let i = 1; i <= steps; i++) all[i] += all[i - 1];
  return all;
}

function legend(lines) {
  const entry = (sort, text) => el('span', null, el(`i.key.${sort}`, { 'aria-hidden': 'true' }), text);
  return el(
    'p.legend.dim',
    null,
    entry('start', 'started'),
    entry('well', 'well as a whole'),
    lines ? entry('late', 'a check came up') : null,
    el('span', null, 'times in UTC'),
  );
}

// slowest says in words what the drawing cannot: who took longest, and for what.
function slowest({ data, router }, hosts, late) {
  const row = (name, href, time, text) =>
    el(
      'li',
      null,
      el('span.number', null, time),
      ' ',
      el('a', { href }, name),
      text ? el('span.dim', null, ` ${text}`) : null,
    );
  const parts = [];
  const waited = hosts
    .filter((e) => e.well)
    .sort((a, b) => b.well - b.start - (a.well - a.start))
    .slice(0, 5);
  if (waited.length > 1) {
    parts.push(
      el(
        'div',
        null,
        el('h3', null, 'Slowest hosts'),
        el(
          'ol',
          null,
          ...waited.map((e) =>
            row(
              data.hostName(e.h),
              router.link({ about: data.hostName(e.h), row: '', in: '' }),
              spell(e.well - e.start),
            ),
          ),
        ),
      ),
    );
  }
  if (late.length) {
    parts.push(
      el(
        'div',
        null,
        el('h3', null, `Slowest checks${late.partly ? ', of those read' : ''}`),
        el(
          'ol',
          null,
          ...late
            .slice(0, 5)
            .map((l) =>
              row(
                data.rowHost(l.row),
                router.link({ ...rowState(data, l.row), about: '' }),
                spell(l.after),
                `${l.what} ${l.reading}: was ${l.was}`,
              ),
            ),
        ),
      ),
    );
  }
  return parts.length ? [el('div.slowest', null, ...parts)] : [];
}
