// The timeline: a row per process, a column of pixels per moment; passes stand below each other, each from its own start.
const canvas = byId('canvas');
const ROW = 18, GUTTER = 190, AXIS = 20, LISTED = 300;
const view = { scenario: 0, from: 0, to: 1, top: 0, rows: [], events: [], picked: -1 };

const option = (value, text) => { const made = element('option', '', text); made.value = value; return made; };
const fill = (id, all, entries) => byId(id).replaceChildren(option('', all), ...entries.map(([value, text]) => option(value, text)));
const scenarioNow = () => data.scenarios[view.scenario];

const actName = (scenario, act) => (scenario.acts.find(([id]) => id === act) || [0, 'act ' + act])[1].split(':')[0];

// Everything that the filters let through, by pass and process.
const select = () => {
  const scenario = scenarioNow();
  const [sensor, action, act, text] = ['f-sensor', 'f-action', 'f-act', 'f-text'].map(id => byId(id).value);
  const needle = text.toLowerCase();
  view.rows = [];
  view.events = [];
  if (!scenario) return;
  for (const [number, pass] of scenario.passes.entries()) {
    const columns = pass.columns;
    const spans = pass.spans.filter(span => String(span[0]) === act);
    const rowOf = new Map();
    for (let at = 0; at < columns.time.length; at++) {
      const time = columns.time[at];
      if (sensor && pass.instances[columns.instance[at]][1] !== sensor) continue;
      if (action && data.actions[columns.action[at]] !== action) continue;
      if (act && !spans.some(([, from, to]) => time >= from && time <= to)) continue;
      if (needle && !string(columns.object[at]).toLowerCase().includes(needle) && !processName(pass, columns.process[at]).toLowerCase().includes(needle)) continue;
      const process = columns.process[at];
      if (!rowOf.has(process)) {
        rowOf.set(process, view.rows.length);
        view.rows.push({ pass: number, process });
      }
      view.events.push({ pass: number, at, time, row: rowOf.get(process) });
    }
  }
  view.events.sort((a, b) => a.time - b.time || a.row - b.row);
  view.picked = -1;
};

const range = (from, to) => {
  const wide = Math.max(to - from, 1000);
  view.from = from - wide * 0.02;
  view.to = from + wide * 1.02;
};
const showAll = () => {
  if (view.events.length) range(view.events[0].time, view.events[view.events.length - 1].time);
};
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

const draw = () => {
  const [wide, high, scale] = [canvas.clientWidth, canvas.clientHeight, devicePixelRatio || 1];
  if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(high * scale)) {
    canvas.width = Math.round(wide * scale);
    canvas.height = Math.round(high * scale);
  }
  const style = getComputedStyle(document.documentElement);
  const color = name => style.getPropertyValue('--' + name);
  const colors = data.actions.map((_, at) => color('c' + at % 11));
  const pen = canvas.getContext('2d');
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.fillStyle = color('back');
  pen.fillRect(0, 0, wide, high);
  pen.font = '12px ui-monospace, monospace';
  pen.textBaseline = 'middle';
  const scenario = scenarioNow();
  if (!scenario) return;
  // Bands where acts were performed, in the rows of their pass.
  for (const [number, pass] of scenario.passes.entries()) {
    const rows = view.rows.map((row, at) => [row, at]).filter(([row]) => row.pass === number);
    if (!rows.length) continue;
    const [top, bottom] = [y(rows[0][1]), y(rows[rows.length - 1][1]) + ROW];
    for (const [act, from, to] of pass.spans) {
      const [left, right] = [Math.max(x(from), GUTTER), Math.min(x(to), wide)];
      if (right < GUTTER || left > wide) continue;
      pen.fillStyle = color('band');
      pen.fillRect(left, top, Math.max(right - left, 1), bottom - top);
      pen.fillStyle = color('quiet');
      if (right - left > 40) pen.fillText(actName(scenario, act), left + 3, Math.max(top, AXIS) + 8);
    }
  }
  const last = firstAfter(view.to);
  for (let n = firstAfter(view.from); n < last; n++) {
    const event = view.events[n];
    const down = y(event.row);
    if (down < AXIS - ROW || down > high) continue;
    const columns = scenario.passes[event.pass].columns;
    const start = Math.max(x(event.time - columns.took[event.at]), GUTTER);
    pen.fillStyle = colors[columns.action[event.at]];
    pen.fillRect(start, down + 4, Math.max(x(event.time) - start, 2), ROW - 8);
    if (n === view.picked) {
      pen.strokeStyle = color('text');
      pen.strokeRect(start - 2, down + 2, Math.max(x(event.time) - start, 2) + 4, ROW - 4);
    }
  }
  pen.fillStyle = color('back');
  pen.fillRect(0, 0, GUTTER, high);
  pen.fillRect(0, 0, wide, AXIS);
  const firstRow = Math.max(0, Math.floor(view.top / ROW)), lastRow = Math.min(view.rows.length, firstRow + Math.ceil(high / ROW) + 1);
  for (let row = firstRow; row < lastRow; row++) {
    if (y(row) < AXIS - 4) continue;
    const { pass, process } = view.rows[row];
    pen.fillStyle = color('text');
    pen.fillText((scenario.passes[pass].pass + ': ' + processName(scenario.passes[pass], process)).slice(0, 25), 4, y(row) + ROW / 2);
  }
  pen.fillStyle = color('quiet');
  for (let mark = 0; mark < 5; mark++) {
    const px = GUTTER + (wide - GUTTER) * mark / 5;
    pen.fillRect(px, 0, 1, AXIS);
    pen.fillText(milliseconds(timeAt(px)), px + 4, AXIS / 2);
  }
};

let waiting = false;
const redraw = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
    tell();
  });
};

// In words what the picture shows.
const tell = () => {
  const from = firstAfter(view.from), to = firstAfter(view.to);
  const leftOut = scenarioNow() ? scenarioNow().passes.reduce((sum, pass) => sum + pass.columns.left_out, 0) : 0;
  byId('count').textContent = view.events.length + ' events of ' + view.rows.length + ' processes, ' + (to - from) + ' in view' +
    (leftOut ? '; ' + leftOut + ' more events are left out of this page' : '') + (data.cut ? '; texts are cut at ' + data.cut + ' characters' : '');
  if (byId('visible').open) {
    const lines = view.events.slice(from, Math.min(to, from + LISTED)).map(event => eventLine(scenarioNow().passes[event.pass], event.at));
    byId('visible').lastElementChild.replaceChildren(listOf(lines));
  }
};
const pick = number => {
  view.picked = number;
  const event = view.events[number];
  byId('event').replaceChildren(...(event ? [element('code', '', 'pass ' + scenarioNow().passes[event.pass].pass + '  ' + eventLine(scenarioNow().passes[event.pass], event.at))] : []));
  if (!event) return;
  if (event.time < view.from || event.time > view.to) pan((event.time - (view.from + view.to) / 2) / (view.to - view.from));
  if (y(event.row) < AXIS) scroll(y(event.row) - AXIS);
  if (y(event.row) + ROW > canvas.clientHeight) scroll(y(event.row) + ROW - canvas.clientHeight);
};
const changed = () => { select(); view.top = 0; pick(-1); redraw(); };

// Sensors, acts and actions of a scenario.
const choose = number => {
  view.scenario = number;
  byId('f-scenario').value = String(number);
  const scenario = scenarioNow();
  const sensors = new Set(scenario ? scenario.passes.flatMap(pass => pass.instances.map(instance => instance[1])) : []);
  fill('f-sensor', 'all', [...sensors].map(sensor => [sensor, sensor]));
  fill('f-act', 'all', (scenario ? scenario.acts : []).map(([id, name, what]) => [id, (name + ' ' + string(what)).slice(0, 60)]));
  fill('f-action', 'all', data.actions.map(action => [action, action]));
  changed();
  showActs();
};

byId('f-scenario').replaceChildren(...data.scenarios.map((scenario, at) => option(at, string(scenario.name).slice(0, 60))));
byId('f-scenario').addEventListener('change', event => choose(Number(event.target.value)));
byId('f-act').addEventListener('change', () => { changed(); showActs(); });
for (const id of ['f-sensor', 'f-action']) byId(id).addEventListener('change', changed);
byId('f-text').addEventListener('input', changed);
byId('filters').addEventListener('submit', event => event.preventDefault());
const keys = {
  '+': () => zoom(0.5), '=': () => zoom(0.5), '-': () => zoom(2), '0': showAll, 'a': showActs,
  'ArrowLeft': () => pan(-0.2), 'ArrowRight': () => pan(0.2), 'ArrowUp': () => scroll(-ROW), 'ArrowDown': () => scroll(ROW),
  'PageUp': () => scroll(-300), 'PageDown': () => scroll(300),
  'n': () => pick(Math.min((view.picked < 0 ? firstAfter(view.from) - 1 : view.picked) + 1, view.events.length - 1)),
  'p': () => pick(Math.max(view.picked - 1, 0)),
};
for (const [id, key] of [['z-in', '+'], ['z-out', '-'], ['z-all', '0'], ['z-acts', 'a']]) byId(id).addEventListener('click', () => { keys[key](); redraw(); });
canvas.addEventListener('keydown', event => {
  if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  keys[event.key]();
  redraw();
});
canvas.addEventListener('wheel', event => {
  if (event.ctrlKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(event.offsetX));
  else if (event.shiftKey) pan(Math.sign(event.deltaY || event.deltaX) * 0.1);
  else if (!scroll(event.deltaY)) return;
  event.preventDefault();
  redraw();
}, { passive: false });
let drag = null;
canvas.addEventListener('pointerdown', event => { drag = { x: event.offsetX, moved: false }; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener('pointermove', event => {
  if (!drag || Math.abs(event.offsetX - drag.x) < 3 && !drag.moved) return;
  pan((drag.x - event.offsetX) / (canvas.clientWidth - GUTTER));
  drag = { x: event.offsetX, moved: true };
  redraw();
});
canvas.addEventListener('pointerup', event => {
  if (drag && !drag.moved) {
    // The nearest event of the row under the pointer.
    const row = Math.floor((event.offsetY - AXIS + view.top) / ROW), time = timeAt(event.offsetX);
    let best = -1;
    for (let n = firstAfter(view.from); n < firstAfter(view.to); n++) {
      if (view.events[n].row === row && (best < 0 || Math.abs(view.events[n].time - time) < Math.abs(view.events[best].time - time))) best = n;
    }
    pick(best);
    redraw();
  }
  drag = null;
});
byId('visible').addEventListener('toggle', tell);
document.addEventListener('click', event => {
  const link = event.target.closest && event.target.closest('a[data-act]');
  if (!link) return;
  choose(Number(link.dataset.scenario));
  byId('f-act').value = link.dataset.act;
  changed();
  showActs();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
new ResizeObserver(redraw).observe(canvas);
byId('legend').append(...data.actions.map((action, at) => {
  const square = element('i', '', '■ ');
  square.style.color = 'var(--c' + at % 11 + ')';
  return element('span', '', undefined, square, action);
}));
choose(0);
document.documentElement.dataset.ready = '1';
