// Eases the broker's pages for whoever is signed in. Each of them works without it.

// One box chooses all that are on the page.
const all = document.getElementById('all');
const boxes = () => [...document.querySelectorAll('#rows input[name="id"]')];
if (all) {
  all.hidden = false;
  all.addEventListener('change', () => { for (const box of boxes()) box.checked = all.checked; });
}

// A copy button is there only where it can work.
for (const button of document.querySelectorAll('button[data-copy]')) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = button.dataset.copied;
  });
}

// A page follows what happens: its parts are what the server sends by their names. What
// somebody works on stays under their hands: a row that is chosen, open or has the focus,
// and the order of all while there is one. It comes when they are done with it.
const list = document.querySelector('[data-live]');
const rows = document.getElementById('rows');
const live = document.getElementById('live');
const busy = (row) => row.contains(document.activeElement) || row.querySelector('input:checked, details[open]');
const waiting = new Map(); // by the name of a part, what could not be shown yet
let source = null;

function renew(html) {
  const next = document.createElement('tbody');
  next.innerHTML = html;
  const was = [...rows.children], now = [...next.children];
  if (!was.some(busy)) {
    rows.replaceChildren(...now);
    return true;
  }
  for (const row of now) {
    const old = document.getElementById(row.id);
    if (old && !busy(old) && old.outerHTML !== row.outerHTML) old.replaceWith(row);
  }
  return false;
}

function show(name, html) {
  if (name === 'rows') return renew(html);
  const part = document.getElementById(name);
  if (part.contains(document.activeElement)) return false;
  part.innerHTML = html;
  return true;
}

function catchUp() {
  for (const [name, html] of waiting) if (show(name, html)) waiting.delete(name);
}

function follow() {
  source = new EventSource(new URL(list.dataset.live, document.baseURI));
  source.addEventListener('open', () => { live.hidden = false; });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) live.textContent = live.dataset.broken;
  });
  for (const name of [...list.dataset.parts.split(' ').filter(Boolean), ...(rows ? ['rows'] : [])]) {
    source.addEventListener(name, (e) => { waiting.set(name, e.data); catchUp(); });
  }
}

function rest() {
  source?.close();
  source = null;
}

if (list) {
  // A page that nobody looks at gives its connection to others: browsers have six.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) rest(); else if (!source) follow();
  });
  // The focus is elsewhere only after these.
  for (const name of ['focusout', 'change', 'toggle']) document.addEventListener(name, () => { setTimeout(catchUp); }, true);
  follow();
}
