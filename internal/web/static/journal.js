// Lets the journal's page follow the journal. Without it, the page is reloaded.

const most = 500; // entries that stay on the page
const entries = document.getElementById('entries');
const pause = document.getElementById('pause');
const following = document.getElementById('following');
let paused = false;
let source = null;

// latest is the number of the newest entry on the page.
const latest = () => Number(entries.firstElementChild?.id.slice(1) ?? 0);

function follow() {
  const address = new URL(entries.dataset.stream, document.baseURI);
  if (latest() > 0) address.searchParams.set('since', latest());
  source = new EventSource(address);
  source.addEventListener('open', () => { following.textContent = pause.dataset.following; });
  source.addEventListener('error', () => { following.textContent = pause.dataset.broken; });
  source.addEventListener('entry', (e) => {
    entries.insertAdjacentHTML('afterbegin', e.data);
    while (entries.childElementCount > most) entries.lastElementChild.remove();
    document.getElementById('nothing').hidden = true;
  });
  source.addEventListener('clock', (e) => { document.getElementById('clock').innerHTML = e.data; });
}

function rest() {
  source?.close();
  source = null;
}

pause.addEventListener('click', () => {
  paused = !paused;
  pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
  following.textContent = paused ? pause.dataset.paused : following.textContent;
  if (paused) rest(); else follow();
});

// A page that nobody looks at gives its connection to others: browsers have six.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) rest(); else if (!paused && !source) follow();
});

pause.hidden = false;
document.getElementById('reload').hidden = true;
follow();
