// What moves the timeline: filters, buttons, keys, pointer; and what tells of it in words.
const option = (value, text) => { const made = element('option', '', text); made.value = value; return made; };
const fill = (id, all, entries) => byId(id).replaceChildren(option('', all), ...entries.map(([value, text]) => option(value, text)));

let waiting = false;
const redraw = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
    drawOverview();
    tell();
  });
};

// In words what the picture shows.
const tell = () => {
  const from = firstAfter(view.from), to = firstAfter(view.to);
  const leftOut = scenarioNow() ? scenarioNow().passes.reduce((sum, pass) => sum + pass.columns.left_out, 0) : 0;
  const processes = view.rows.filter(row => row.head === undefined).length;
  byId('count').textContent = counted(view.events.length, 'event') + ' of ' + processes.toLocaleString('en') + (processes === 1 ? ' process, ' : ' processes, ') + (to - from).toLocaleString('en') + ' in view' +
    (leftOut ? '; ' + counted(leftOut, 'more event') + ' left out of this page' : '') + (data.cut ? '; texts are cut at ' + data.cut + ' characters' : '');
  if (byId('visible').open) {
    const lines = view.events.slice(from, Math.min(to, from + LISTED)).map(event => eventLine(scenarioNow().passes[event.pass], event.at));
    if (to - from > LISTED) lines.push(counted(to - from - LISTED, 'more event'));
    byId('visible').lastElementChild.replaceChildren(listOf(lines));
  }
};
const told = event => {
  const pass = scenarioNow().passes[event.pass];
  return 'pass ' + pass.pass + '  ' + eventLine(pass, event.at);
};
const pick = number => {
  view.picked = number;
  const event = view.events[number];
  byId('event').replaceChildren(...(event ? [element('code', '', told(event))] : []));
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
  const passes = scenario ? scenario.passes : [];
  const sensors = new Set(passes.flatMap(pass => pass.instances.map(instance => instance[1])));
  const there = new Set(passes.flatMap(pass => [...new Set(pass.columns.action)]));
  const actions = data.actions.filter((_, at) => there.has(at));
  fill('f-sensor', 'all', [...sensors].map(sensor => [sensor, sensor]));
  fill('f-act', 'all', (scenario ? scenario.acts : []).map(([id, name, what]) => [id, (name + ' ' + string(what)).slice(0, 60)]));
  fill('f-action', 'all', actions.map(action => [action, action]));
  byId('legend').replaceChildren(...actions.map(action => {
    const square = element('i', 'key');
    square.style.background = 'var(--' + action + ')';
    return element('span', '', undefined, square, action);
  }));
  byId('f-text').value = '';
  changed();
  showActs();
};

// The event of a line of evidence, in its place.
const show = (scenario, pass, at) => {
  choose(data.scenarios.indexOf(scenario));
  const number = view.events.findIndex(event => event.pass === pass && event.at === at);
  if (number >= 0) pick(number);
  redraw();
  byId('timeline').scrollIntoView();
  canvas.focus({ preventScroll: true });
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

// The nearest event of the row under the pointer; -1 if there is none in view.
const under = event => {
  const row = Math.floor((event.offsetY - AXIS + view.top) / ROW), time = timeAt(event.offsetX);
  let best = -1;
  for (let n = firstAfter(view.from), last = firstAfter(view.to); n < last; n++) {
    if (view.events[n].row === row && (best < 0 || Math.abs(view.events[n].time - time) < Math.abs(view.events[best].time - time))) best = n;
  }
  return best;
};
let drag = null;
const tip = byId('tip');
const hover = event => {
  const best = event.offsetX < GUTTER ? -1 : under(event);
  tip.hidden = best < 0 || Math.abs(x(view.events[best].time) - event.offsetX) > 8;
  if (tip.hidden) return;
  tip.replaceChildren(element('code', '', told(view.events[best]).slice(0, 400)));
  const right = event.offsetX > canvas.clientWidth / 2;
  tip.style.left = right ? 'auto' : event.offsetX + 12 + 'px';
  tip.style.right = right ? canvas.clientWidth - event.offsetX + 12 + 'px' : 'auto';
  tip.style.top = canvas.offsetTop + event.offsetY + 16 + 'px';
};
canvas.addEventListener('pointerdown', event => { drag = { x: event.offsetX, moved: false }; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener('pointermove', event => {
  if (!drag) return hover(event);
  if (Math.abs(event.offsetX - drag.x) < 3 && !drag.moved) return;
  pan((drag.x - event.offsetX) / (canvas.clientWidth - GUTTER));
  drag = { x: event.offsetX, moved: true };
  tip.hidden = true;
  redraw();
});
canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
canvas.addEventListener('pointerup', event => {
  if (drag && !drag.moved) {
    pick(under(event));
    redraw();
  }
  drag = null;
});
// In the strip above, the view goes where the pointer is.
const overviewMove = event => {
  if (!(event.buttons & 1)) return;
  const [from, to] = extent();
  const time = from + (event.offsetX - GUTTER) / (overview.clientWidth - GUTTER) * (to - from);
  pan((time - (view.from + view.to) / 2) / (view.to - view.from));
  redraw();
};
for (const kind of ['pointerdown', 'pointermove']) overview.addEventListener(kind, overviewMove);
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
choose(0);
document.documentElement.dataset.ready = '1';
