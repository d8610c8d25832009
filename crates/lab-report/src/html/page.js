// What the tree, the detections and the timeline have in common. Every string of the record becomes text, never markup.
addEventListener('error', event => { document.documentElement.dataset.error = event.message; });
addEventListener('securitypolicyviolation', event => { document.documentElement.dataset.error = 'policy: ' + event.violatedDirective; });
const data = JSON.parse(document.getElementById('data').textContent);
const byId = id => document.getElementById(id);
const string = number => data.strings[number];

// An element with a class, text and children.
const element = (tag, className, text, ...children) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
};

// Times in columns are differences; here they become times.
for (const scenario of data.scenarios) {
  for (const pass of scenario.passes) {
    let now = 0;
    pass.columns.time = pass.columns.after.map(after => (now += after));
  }
}

const milliseconds = (ns, digits = 3) => (ns / 1e6).toFixed(digits) + ' ms';
const counted = (number, word) => number.toLocaleString('en') + ' ' + word + (number === 1 ? '' : 's');
const processName = (pass, process) => {
  const [pid, label] = pass.columns.processes[process];
  return (string(label) || '?') + ' ' + (pid === null ? '?' : pid);
};
const eventName = (pass, at) => string(pass.instances[pass.columns.instance[at]][0]) + ' ' + pass.columns.stream[at] + '/' + pass.columns.n[at];
const eventObject = (pass, at) => {
  const result = string(pass.columns.result[at]);
  return string(pass.columns.object[at]) + (result ? ' → ' + result : '');
};

// One event in a line: who, what, how it ended.
const eventLine = (pass, at) => [
  milliseconds(pass.columns.time[at]),
  eventName(pass, at),
  processName(pass, pass.columns.process[at]),
  data.actions[pass.columns.action[at]],
  eventObject(pass, at),
  pass.columns.took[at] ? 'took ' + milliseconds(pass.columns.took[at]) : '',
].filter(part => part).join('  ');

// Events as a table; the time of each leads to its place in the timeline.
const eventTable = (scenario, passNumber, events) => {
  const pass = scenario.passes[passNumber];
  const rows = events.map(at => {
    const go = element('button', '', milliseconds(pass.columns.time[at]));
    go.type = 'button';
    go.title = 'Show in the timeline';
    go.addEventListener('click', () => show(scenario, passNumber, at));
    const cells = [eventName(pass, at), processName(pass, pass.columns.process[at]), data.actions[pass.columns.action[at]], eventObject(pass, at)];
    return element('tr', '', undefined, element('td', '', undefined, go), ...cells.map(cell => element('td', '', undefined, element('code', '', cell))));
  });
  return element('div', 'wide', undefined, element('table', 'events', undefined, element('tbody', '', undefined, ...rows)));
};
const listOf = lines => element('ul', 'points', undefined, ...lines.map(line => element('li', '', undefined, element('code', '', line))));

// The events of one instance on which a line or a detection rests.
const sightingBlock = (scenario, sighting, more) => {
  const pass = scenario.passes[sighting.pass];
  const shown = sighting.events.length;
  const rest = sighting.total > shown ? ', ' + shown + ' of them here' : '';
  const title = string(pass.instances[sighting.instance][0]) + ', pass ' + pass.pass + (more || '') + ': ' + counted(sighting.total, 'event') + rest;
  return [element('h4', '', title), eventTable(scenario, sighting.pass, sighting.events)];
};
const actName = (scenario, act) => (scenario.acts.find(([id]) => id === act) || [0, 'act ' + act])[1].split(':')[0];

// The events on which a rule fired, put together when the rule is opened.
for (const place of document.querySelectorAll('.hits')) {
  const scenario = data.scenarios[place.dataset.scenario];
  place.parentElement.addEventListener('toggle', () => {
    if (place.childElementCount) return;
    for (const [act, sighting] of scenario.detections[place.dataset.detection]) {
      place.append(...sightingBlock(scenario, sighting, ', ' + (act === null ? 'no act' : actName(scenario, act))));
    }
  });
}
