// The behaviour trees. A line's evidence is put together when the line is opened; long trees come in parts.
const LINES_AT_ONCE = 1000;

const evidence = (scenario, row) => {
  const tree = scenario.tree;
  const body = element('div', 'body');
  for (const sighting of tree.seen[row]) {
    const pass = scenario.passes[sighting.pass];
    const shown = sighting.events.length;
    const rest = sighting.total > shown ? ', ' + shown + ' of them here' : '';
    const count = sighting.total + (sighting.total === 1 ? ' event' : ' events');
    const title = string(pass.instances[sighting.instance][0]) + ', pass ' + pass.pass + ': ' + count + rest;
    body.append(element('div', '', title), listOf(sighting.events.map(at => eventLine(pass, at))));
  }
  if (!tree.seen[row].length) body.append(element('div', 'quiet', 'no events are linked to this line'));
  for (const instance of tree.unseen[row]) body.append(element('div', 'not', 'not seen by ' + string(instance)));
  for (const act of tree.acts[row]) {
    for (const pass of scenario.passes) {
      const witnesses = pass.witnesses.filter(witness => witness[0] === act).map(([, family, road, claim, observed, detail]) =>
        (observed ? 'observed' : 'not observed') + ': ' + family + ' by ' + string(road) + ': ' + string(claim) + (string(detail) ? ' (' + string(detail) + ')' : ''));
      if (witnesses.length) body.append(element('div', '', 'witnesses of act ' + act + ', pass ' + pass.pass), listOf(witnesses));
      const steps = pass.steps.filter(step => step[0] === act).map(([, what, result]) => string(what) + (string(result) ? '  → ' + string(result) : ''));
      if (steps.length) body.append(element('div', '', 'receipt of act ' + act + ', pass ' + pass.pass), listOf(steps));
    }
  }
  return body;
};

const treeLine = (scenario, row) => {
  const tree = scenario.tree;
  const depth = tree.depth[row];
  const far = depth > 40 ? '[' + depth + '] ' : '';
  const count = tree.count[row] > 1 ? '  × ' + tree.count[row] : '';
  const summary = element('summary', '', '  '.repeat(Math.min(depth, 40)) + far + string(tree.text[row]) + count);
  const roles = new Map(scenario.acts.map(([id, name]) => [id, name.split(':')[0]]));
  for (const act of tree.acts[row]) summary.append(element('span', 'act', '  ' + (roles.get(act) || 'act ' + act)));
  for (const instance of tree.unseen[row]) summary.append(element('span', 'not', '  not ' + string(instance)));
  const line = element('details', '', undefined, summary);
  line.addEventListener('toggle', () => { if (line.open && line.children.length === 1) line.append(evidence(scenario, row)); });
  return line;
};

for (const place of document.querySelectorAll('.tree')) {
  const scenario = data.scenarios[place.dataset.scenario];
  const total = scenario.tree.text.length;
  let shown = 0;
  const more = element('button');
  more.type = 'button';
  const grow = () => {
    const part = document.createDocumentFragment();
    for (const end = Math.min(total, shown + LINES_AT_ONCE); shown < end; shown++) part.append(treeLine(scenario, shown));
    more.remove();
    if (shown < total) {
      more.textContent = 'Show more: ' + (total - shown) + ' lines';
      part.append(more);
    }
    place.append(part);
  };
  more.addEventListener('click', grow);
  grow();
  if (!total) place.append(element('p', 'quiet', 'No facts inside of the interest.'));
  if (scenario.tree.left_out) place.append(element('p', 'quiet', scenario.tree.left_out + ' more lines are left out of this page.'));
}
