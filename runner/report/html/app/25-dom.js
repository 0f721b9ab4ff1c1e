// Building the page. Whatever a host said is set as text, never as markup.

// el makes an element: el('b.strong', {title: 'x'}, 'text', child). A property that is a
// function is a listener; data-, aria- and the like are attributes.
function el(what, props, ...children) {
  const [tag, ...classes] = what.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') node.addEventListener(key, value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== ''));
  return node;
}

// svg makes an element of a drawing.
function svg(tag, props, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (typeof value === 'function') node.addEventListener(key, value);
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

// badge shows an outcome: its sign and its word.
function badge(word, text) {
  const { sign, tone, means } = look(word);
  return el(`span.badge.${tone}`, { title: means }, el('span.sign', { 'aria-hidden': 'true' }, sign), text || word);
}

// failsBadge is that of a change that makes the run fail, whatever the outcome beside it.
function failsBadge(word) {
  return el('span.badge.bad', { title: `changed as it may not; beside that ${word}` }, el('span.sign', { 'aria-hidden': 'true' }, '✗'), 'drift fails');
}

// button is one that does something here; links go elsewhere.
function button(text, act, props) {
  return el('button', { type: 'button', click: act, ...props }, text);
}

// copyButton puts a text on the clipboard, and says so in its own words.
function copyButton(label, text, props) {
  const node = button(
    label,
    async () => {
      const worked = await copyText(typeof text === 'function' ? text() : text);
      node.textContent = worked ? 'Copied' : 'Not allowed here';
      setTimeout(() => {
        node.textContent = label;
      }, 1500);
    },
    { class: 'quiet', ...props },
  );
  return node;
}

// copyText falls back to a selection where a page has no clipboard: over plain HTTP.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = el('textarea.offscreen', { 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    const worked = document.execCommand('copy');
    area.remove();
    return worked;
  }
}

// command shows a command line with a button that copies it.
function command(line) {
  return el('div.command', null, el('code', null, line), copyButton('Copy', line, { 'aria-label': `Copy ${line}` }));
}

// facts is a list of terms and what they are; what is empty is left out.
function facts(pairs) {
  const list = el('dl.facts');
  for (const [term, value] of pairs) {
    if (value === '' || value === null || value === undefined) continue;
    list.append(el('div', null, el('dt', null, term), el('dd', null, value)));
  }
  return list;
}

const longText = 4000; // characters that are shown at once
const context = 160; // characters that are shown beside a difference of long texts

// cutNode shows a text, of a very long one the beginning, and all of it on request.
function cutNode(text, tag) {
  if (text.length <= longText) return el(tag || 'span', null, text);
  const node = el(tag || 'span', null, text.slice(0, longText));
  node.append(
    button(`… ${thousands(text.length - longText)} more characters`, () => node.replaceChildren(text), {
      class: 'quiet',
    }),
  );
  return node;
}

// sameNode shows what both sides have in common: of a long text its ends alone.
function sameNode(text) {
  if (text.length <= 3 * context) return text;
  const node = el('span', null, text.slice(0, context));
  const between = text.slice(context, -context);
  const label = `… ${thousands(between.length)} the same …`;
  const more = button(label, () => more.replaceWith(between), { class: 'quiet' });
  node.append(more, text.slice(-context));
  return node;
}

// beforeAfter shows both sides of a finding, with the words marked that differ.
function beforeAfter(finding) {
  const before = valueText(finding.before, finding.has_before);
  const now = valueText(finding.now, finding.has_now);
  const old = el('span.value');
  const fresh = el('span.value');
  if (!finding.has_before || !finding.has_now) {
    old.append(cutNode(before));
    fresh.append(cutNode(now));
  } else {
    for (const [same, x, y] of diffWords(before, now)) {
      if (x) old.append(same ? sameNode(x) : cutNode(x, 'del'));
      if (y) fresh.append(same ? sameNode(y) : cutNode(y, 'ins'));
    }
  }
  return el('div.sides', null, el('span.side', null, 'before'), old, el('span.side', null, 'now'), fresh);
}
