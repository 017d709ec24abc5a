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

// A page follows what happens: its parts are what the server sends by their names. What somebody works on stays under their hands: a
// row that is chosen, open or has the focus, and the order of all while there is one.
const list = document.querySelector('[data-live]');
const rows = document.getElementById('rows');
const live = document.getElementById('live');
const busy = (row) => row.contains(document.activeElement) || row.querySelector('input:checked, details[open]');
let source = null;

function renew(html) {
  const next = document.createElement('tbody');
  next.innerHTML = html;
  const was = [...rows.children], now = [...next.children];
  if (!was.some(busy)) {
    rows.replaceChildren(...now);
    return;
  }
  for (const row of now) {
    const old = document.getElementById(row.id);
    if (old && !busy(old)) old.replaceWith(row);
  }
}

function follow() {
  source = new EventSource(new URL(list.dataset.live, document.baseURI));
  source.addEventListener('open', () => { live.hidden = false; });
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) live.textContent = live.dataset.broken;
  });
  for (const name of list.dataset.parts.split(' ')) {
    const part = document.getElementById(name);
    source.addEventListener(name, (e) => { if (!part.contains(document.activeElement)) part.innerHTML = e.data; });
  }
  if (rows) source.addEventListener('rows', (e) => renew(e.data));
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
  follow();
}
