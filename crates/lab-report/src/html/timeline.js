// The timeline: a row per process, a column of pixels per moment; passes stand below each other, each from its own start.
const canvas = byId('canvas'), overview = byId('overview');
const ROW = 18, GUTTER = 216, AXIS = 22, LISTED = 300, DEPTHS = 8;
const view = { scenario: 0, from: 0, to: 1, top: 0, rows: [], events: [], picked: -1 };
const scenarioNow = () => data.scenarios[view.scenario];

// Processes of a pass, a parent above its children; who has the same pid as its parent, or none that is known, stands alone.
const familyOrder = (columns, there) => {
  const byPid = new Map(), children = new Map(), roots = [];
  for (const process of there) {
    const pid = columns.processes[process][0];
    if (pid !== null && !byPid.has(pid)) byPid.set(pid, process);
  }
  for (const process of there) {
    const parent = byPid.get(columns.processes[process][2]);
    if (parent === undefined || parent >= process) roots.push(process);
    else if (children.has(parent)) children.get(parent).push(process);
    else children.set(parent, [process]);
  }
  const order = [], stack = roots.reverse().map(process => [process, 0]);
  while (stack.length) {
    const [process, depth] = stack.pop();
    order.push([process, depth]);
    for (const child of (children.get(process) || []).reverse()) stack.push([child, depth + 1]);
  }
  return order;
};

// Everything that the filters let through, by pass and process.
const select = () => {
  const scenario = scenarioNow();
  const [sensor, action, act, text] = ['f-sensor', 'f-action', 'f-act', 'f-text'].map(id => byId(id).value);
  const needle = text.toLowerCase();
  view.rows = [];
  view.events = [];
  view.picked = -1;
  if (!scenario) return;
  for (const [number, pass] of scenario.passes.entries()) {
    const columns = pass.columns;
    const spans = pass.spans.filter(span => String(span[0]) === act);
    const found = [], there = new Set();
    for (let at = 0; at < columns.time.length; at++) {
      const time = columns.time[at];
      if (sensor && pass.instances[columns.instance[at]][1] !== sensor) continue;
      if (action && data.actions[columns.action[at]] !== action) continue;
      if (act && !spans.some(([, from, to]) => time >= from && time <= to)) continue;
      if (needle && !string(columns.object[at]).toLowerCase().includes(needle) && !processName(pass, columns.process[at]).toLowerCase().includes(needle)) continue;
      there.add(columns.process[at]);
      found.push(at);
    }
    if (!found.length) continue;
    view.rows.push({ pass: number, head: 'pass ' + pass.pass + ': ' + pass.instances.map(([name]) => string(name)).join(', ') });
    const rowOf = new Map();
    for (const [process, depth] of familyOrder(columns, there)) {
      rowOf.set(process, view.rows.length);
      view.rows.push({ pass: number, process, depth });
    }
    for (const at of found) view.events.push({ pass: number, at, time: columns.time[at], row: rowOf.get(columns.process[at]) });
  }
  view.events.sort((a, b) => a.time - b.time || a.row - b.row);
};

const extent = () => view.events.length ? [view.events[0].time, view.events[view.events.length - 1].time] : [0, 1e6];
const range = (from, to) => {
  const wide = Math.max(to - from, 1000);
  view.from = from - wide * 0.02;
  view.to = from + wide * 1.02;
};
const showAll = () => range(...extent());
const showActs = () => {
  const act = byId('f-act').value;
  const spans = scenarioNow() ? scenarioNow().passes.flatMap(pass => pass.spans).filter(span => !act || String(span[0]) === act) : [];
  if (!spans.length) return showAll();
  range(spans.reduce((least, span) => Math.min(least, span[1]), Infinity), spans.reduce((most, span) => Math.max(most, span[2]), 0));
};
const zoom = (factor, around = (view.from + view.to) / 2) => {
  const wide = Math.min(Math.max((view.to - view.from) * factor, 1000), 1e15) / (view.to - view.from);
  view.from = around - (around - view.from) * wide;
  view.to = around + (view.to - around) * wide;
};
const pan = part => {
  const by = (view.to - view.from) * part;
  view.from += by;
  view.to += by;
};
const scroll = by => {
  const most = Math.max(0, view.rows.length * ROW + AXIS - canvas.clientHeight);
  const top = Math.min(Math.max(view.top + by, 0), most);
  const moved = top !== view.top;
  view.top = top;
  return moved;
};
const x = time => GUTTER + (time - view.from) / (view.to - view.from) * (canvas.clientWidth - GUTTER);
const timeAt = px => view.from + (px - GUTTER) / (canvas.clientWidth - GUTTER) * (view.to - view.from);
const y = row => AXIS + row * ROW - view.top;
// First event at or after a time.
const firstAfter = time => {
  let [low, high] = [0, view.events.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (view.events[middle].time < time) low = middle + 1; else high = middle;
  }
  return low;
};
// Times of 1, 2 or 5 and noughts, at least so many nanoseconds apart.
const ticks = least => {
  const ten = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].find(part => part * ten >= least) * ten;
  const times = [];
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) times.push(time);
  return [times, Math.max(0, Math.ceil(6 - Math.log10(step)))];
};

// A pen on a canvas as large as it is shown.
const penOf = target => {
  const [wide, high, scale] = [target.clientWidth, target.clientHeight, devicePixelRatio || 1];
  if (target.width !== Math.round(wide * scale) || target.height !== Math.round(high * scale)) {
    target.width = Math.round(wide * scale);
    target.height = Math.round(high * scale);
  }
  const style = getComputedStyle(document.documentElement);
  const pen = target.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  const color = name => style.getPropertyValue('--' + name);
  pen.fillStyle = color('back');
  pen.fillRect(0, 0, wide, high);
  pen.font = '12px ui-monospace, Menlo, Consolas, monospace';
  pen.textBaseline = 'middle';
  return [pen, wide, high, color];
};

// How many events there are from the first to the last, and which of them are in view.
const drawOverview = () => {
  const [pen, wide, high, color] = penOf(overview);
  const [from, to] = extent(), room = wide - GUTTER;
  const count = new Uint32Array(Math.max(1, Math.floor(room / 3)));
  for (const event of view.events) count[Math.min(count.length - 1, Math.floor((event.time - from) / Math.max(to - from, 1) * count.length))]++;
  const most = count.reduce((a, b) => Math.max(a, b), 1);
  pen.fillStyle = color('quiet');
  pen.fillText('events over time', 8, high / 2);
  for (let at = 0; at < count.length; at++) {
    const tall = count[at] ? Math.max(2, Math.sqrt(count[at] / most) * (high - 8)) : 0;
    pen.fillRect(GUTTER + at * room / count.length, high - 2 - tall, Math.max(1, room / count.length - 1), tall);
  }
  const place = time => GUTTER + Math.min(Math.max((time - from) / Math.max(to - from, 1), 0), 1) * room;
  pen.fillStyle = color('window');
  pen.fillRect(place(view.from), 0, Math.max(2, place(view.to) - place(view.from)), high);
};

// Bands where acts were performed, in the rows of their pass.
const drawBands = (pen, wide, color, scenario) => {
  for (const [number, pass] of scenario.passes.entries()) {
    const first = view.rows.findIndex(row => row.pass === number);
    if (first < 0) continue;
    const last = view.rows.findLastIndex(row => row.pass === number);
    const [top, bottom] = [y(first), y(last) + ROW];
    for (const [act, from, to] of pass.spans) {
      const [left, right] = [Math.max(x(from), GUTTER), Math.min(x(to), wide)];
      if (right < GUTTER || left > wide) continue;
      pen.fillStyle = color('band');
      pen.fillRect(left, top, Math.max(right - left, 1), bottom - top);
      pen.fillStyle = color('quiet');
      const name = actName(scenario, act);
      if (right - left > pen.measureText(name).width + 6) pen.fillText(name, left + 4, top + ROW / 2);
    }
  }
};

const draw = () => {
  const [pen, wide, high, color] = penOf(canvas);
  const scenario = scenarioNow();
  if (!scenario) return;
  const [times, digits] = ticks((view.to - view.from) * 110 / Math.max(wide - GUTTER, 1));
  drawBands(pen, wide, color, scenario);
  pen.fillStyle = color('line');
  for (const time of times) pen.fillRect(Math.round(x(time)), AXIS, 1, high);
  const colors = data.actions.map(action => color(action));
  const last = firstAfter(view.to);
  // What falls on the same pixels in the same colour is drawn once.
  const drawn = new Map();
  for (let n = firstAfter(view.from); n < last; n++) {
    const event = view.events[n];
    const down = y(event.row);
    if (down < AXIS - ROW || down > high) continue;
    const columns = scenario.passes[event.pass].columns;
    const end = x(event.time), start = Math.max(Math.min(x(event.time - columns.took[event.at]), end - 2), GUTTER);
    const action = columns.action[event.at], key = event.row * 64 + action;
    if (n !== view.picked && drawn.get(key) >= Math.round(end * 2)) continue;
    drawn.set(key, Math.round(end * 2));
    pen.fillStyle = colors[action];
    pen.fillRect(start, down + 4, Math.max(end - start, 2), ROW - 8);
    if (n === view.picked) {
      pen.strokeStyle = color('text');
      pen.strokeRect(start - 2.5, down + 1.5, Math.max(end - start, 2) + 5, ROW - 3);
    }
  }
  pen.fillStyle = color('back');
  pen.fillRect(0, 0, GUTTER, high);
  const firstRow = Math.max(0, Math.floor(view.top / ROW)), lastRow = Math.min(view.rows.length, firstRow + Math.ceil(high / ROW) + 1);
  for (let row = firstRow; row < lastRow; row++) {
    const { pass, process, depth, head } = view.rows[row];
    if (head !== undefined) {
      pen.fillStyle = color('line');
      pen.fillRect(0, y(row), wide, 1);
    }
    pen.fillStyle = color(head === undefined ? 'text' : 'quiet');
    const indent = head === undefined ? 8 + Math.min(depth, DEPTHS) * 10 : 8;
    const name = head === undefined ? processName(scenario.passes[pass], process) : head;
    const room = Math.floor((GUTTER - indent - 6) / 7.3);
    pen.fillText(name.length > room ? name.slice(0, room - 1) + '…' : name, indent, y(row) + ROW / 2 + 1);
  }
  pen.fillStyle = color('side');
  pen.fillRect(0, 0, wide, AXIS);
  pen.fillStyle = color('line');
  pen.fillRect(GUTTER, 0, 1, high);
  pen.fillRect(0, AXIS - 1, wide, 1);
  pen.fillStyle = color('quiet');
  for (const time of times) if (x(time) >= GUTTER) pen.fillText(milliseconds(time, digits), Math.round(x(time)) + 4, AXIS / 2);
};
