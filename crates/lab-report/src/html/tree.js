// The behaviour trees. A line's evidence is put together when the line is opened; long trees come in parts.
const LINES_AT_ONCE = 1000, DEEPEST = 40;

const evidence = (scenario, row) => {
  const tree = scenario.tree;
  const body = element('div', 'body');
  for (const sighting of tree.seen[row]) body.append(...sightingBlock(scenario, sighting));
  if (!tree.seen[row].length) body.append(element('div', 'quiet', 'no events are linked to this line'));
  for (const instance of tree.unseen[row]) body.append(element('div', 'bad', 'not seen by ' + string(instance)));
  for (const act of tree.acts[row]) {
    for (const pass of scenario.passes) {
      const witnesses = pass.witnesses.filter(witness => witness[0] === act).map(([, family, road, claim, observed, detail]) =>
        (observed ? 'observed' : 'not observed') + ': ' + family + ' by ' + string(road) + ': ' + string(claim) + (string(detail) ? ' (' + string(detail) + ')' : ''));
      if (witnesses.length) body.append(element('h4', '', 'witnesses of ' + actName(scenario, act) + ', pass ' + pass.pass), listOf(witnesses));
      const steps = pass.steps.filter(step => step[0] === act).map(([, what, result]) => string(what) + (string(result) ? ' → ' + string(result) : ''));
      if (steps.length) body.append(element('h4', '', 'receipt of ' + actName(scenario, act) + ', pass ' + pass.pass), listOf(steps));
    }
  }
  return body;
};

const treeLine = (scenario, row) => {
  const tree = scenario.tree;
  const depth = tree.depth[row], text = string(tree.text[row]);
  const verb = text.match(/^[a-z-]+/), cut = verb ? verb[0].length : 0;
  const fact = element('span', 'fact', (depth > DEEPEST ? '[' + depth + '] ' : ''), element('span', 'verb', text.slice(0, cut)), text.slice(cut));
  if (tree.count[row] > 1) fact.append(element('span', 'quiet', ' × ' + tree.count[row]));
  const indent = element('span', 'indent');
  indent.style.width = Math.min(depth, DEEPEST) * 18 + 'px';
  const summary = element('summary', '', undefined, indent, fact);
  for (const act of tree.acts[row]) summary.append(element('span', 'act', actName(scenario, act)));
  for (const instance of tree.unseen[row]) summary.append(element('span', 'not', 'not ' + string(instance)));
  const line = element('details', '', undefined, summary);
  line.addEventListener('toggle', () => { if (line.open && line.children.length === 1) line.append(evidence(scenario, row)); });
  return line;
};

// Arrow keys go from line to line, open and close.
const treeKeys = event => {
  const line = event.target.parentElement;
  if (event.target.tagName !== 'SUMMARY' || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = { ArrowDown: line.nextElementSibling, ArrowUp: line.previousElementSibling }[event.key];
  if (to) (to.firstElementChild || to).focus();
  else if (event.key === 'ArrowRight') line.open = true;
  else if (event.key === 'ArrowLeft') line.open = false;
  else return;
  event.preventDefault();
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
      more.textContent = 'Show more: ' + counted(total - shown, 'line');
      part.append(more);
    }
    place.append(part);
  };
  more.addEventListener('click', grow);
  place.addEventListener('keydown', treeKeys);
  grow();
  if (!total) place.append(element('p', 'quiet', 'No facts inside of the interest.'));
  if (scenario.tree.left_out) place.append(element('p', 'quiet', counted(scenario.tree.left_out, 'more line') + ' left out of this page.'));
}
