// What the tree and the timeline have in common. Every string of the record becomes text, never markup.
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

const milliseconds = ns => (ns / 1e6).toFixed(3) + ' ms';
const processName = (pass, process) => {
  const [pid, label] = pass.columns.processes[process];
  return (string(label) || '?') + ' ' + (pid === null ? '?' : pid);
};

// One event in a line: who, what, how it ended.
const eventLine = (pass, at) => {
  const columns = pass.columns;
  const result = string(columns.result[at]);
  return [
    milliseconds(columns.time[at]),
    string(pass.instances[columns.instance[at]][0]) + ' ' + columns.stream[at] + '/' + columns.n[at],
    processName(pass, columns.process[at]),
    data.actions[columns.action[at]],
    string(columns.object[at]),
    result ? '→ ' + result : '',
    columns.took[at] ? 'took ' + milliseconds(columns.took[at]) : '',
  ].filter(part => part).join('  ');
};
const listOf = lines => element('ul', 'points', '', ...lines.map(line => element('li', '', '', element('code', '', line))));
