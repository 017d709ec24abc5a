// The page of a pass. Everything works without this but for the link's secret, which
// is then pasted, and for progress, retries and dropping.

const page = document.querySelector('[data-pass]');
const of = page.dataset.of ?? ''; // which pass the page is of: the cookie may become another's
const problem = document.getElementById('problem');

function say(text) {
  problem.textContent = text;
  problem.hidden = !text;
}

// ask is fetch whose answer is what the server says, or that the connection broke.
async function ask(method, url, body) {
  const options = { method, credentials: 'same-origin', headers: {} };
  if (body !== undefined) {
    options.headers['Content-Type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(url, options);
    if (answer.status === 204) return { ok: true };
    const said = await answer.json();
    return { ok: answer.ok, said, text: said.detail || said.title };
  } catch {
    return { ok: false, text: page.dataset.lost };
  }
}

// The secret is in the fragment. It leaves the address bar before anything else is done,
// and with it what the page shows of another pass: whoever opened a link that is not right
// would send their files by the one before.
async function open(secret) {
  history.replaceState(null, '', location.pathname);
  if (page.dataset.pass !== 'ask') close();
  const answer = await ask('POST', '/pass/open', { secret });
  if (answer.ok) { location.replace('/pass'); return; }
  if (!answer.said) history.replaceState(null, '', `#${secret}`); // nobody heard: for a reload to try again
  say(answer.text);
}

// close leaves of the page what says what is wrong.
function close() {
  for (const part of [...page.children]) if (part !== problem && part.tagName !== 'H1') part.remove();
  page.querySelector('h1').textContent = page.dataset.ask;
  document.title = page.dataset.ask;
}

function openFragment() {
  if (location.hash.length > 1) open(location.hash.slice(1));
}
addEventListener('hashchange', openFragment);
openFragment();

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  if (time.nextSibling?.nodeType !== Node.TEXT_NODE || Number.isNaN(at.valueOf())) continue;
  time.textContent = at.toLocaleString(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' });
  time.nextSibling.textContent = time.nextSibling.textContent.replace(' UTC', '');
}

const form = document.getElementById('send'); // gone where a link is being opened
const box = document.getElementById('files');
if (form && box) sender();

function sender() {
  const rows = document.getElementById('rows');
  const template = document.getElementById('row');
  const total = document.getElementById('total');
  const bar = document.getElementById('all');
  const go = document.getElementById('go');
  const retry = document.getElementById('retry');
  const status = document.getElementById('status');
  const comment = document.getElementById('comment');
  const files = []; // {file, row, state: waiting | sending | done | failed, loaded, request}
  const never = ({ file }) => (file.size === 0 ? page.dataset.empty : file.size > Number(page.dataset.most) ? page.dataset.large : '');
  let sending = 0; // the number of the one that was begun
  let busy = false;

  document.getElementById('drop').hidden = false;

  function size(n) {
    const units = ['B', 'kB', 'MB', 'GB'];
    let at = 0;
    for (; n >= 999.5 && at < 3; at++) n /= 1000;
    return `${n.toLocaleString(document.documentElement.lang, { maximumFractionDigits: at === 0 || n >= 99.5 ? 0 : 1 })} ${units[at]}`;
  }

  function add(list) {
    for (const file of list) {
      const row = template.content.firstElementChild.cloneNode(true);
      const one = { file, row, state: 'waiting', loaded: 0 };
      row.querySelector('.row-name').textContent = file.name;
      row.querySelector('.row-size').textContent = size(file.size);
      row.querySelector('progress').setAttribute('aria-label', file.name);
      for (const button of row.querySelectorAll('button')) button.setAttribute('aria-label', `${button.textContent}: ${file.name}`);
      row.querySelector('.row-remove').addEventListener('click', () => remove(one));
      row.querySelector('.row-retry').addEventListener('click', () => run([one]));
      files.push(one);
      rows.append(row);
      if (never(one)) settle(one, 'failed', never(one));
    }
    show();
  }

  function remove(one) {
    one.request?.abort();
    files.splice(files.indexOf(one), 1);
    one.row.remove();
    show();
    (rows.querySelector('button') ?? box).focus();
  }

  function settle(one, state, text) {
    one.state = state;
    one.row.dataset.state = state;
    one.row.querySelector('.row-said').textContent = text;
    one.row.querySelector('.row-retry').hidden = state !== 'failed' || never(one) !== '';
    one.row.querySelector('.row-remove').hidden = state === 'done';
    show();
  }

  function show() {
    rows.hidden = files.length === 0;
    const begun = (one) => one.state === 'sending' || one.state === 'done' || one.loaded > 0;
    total.hidden = files.length < 2 || !files.some(begun);
    const all = files.reduce((sum, one) => sum + one.file.size, 0);
    bar.value = all ? files.reduce((sum, one) => sum + Math.min(one.loaded, one.file.size), 0) / all : 0;
    for (const one of files) {
      const own = one.row.querySelector('progress');
      own.hidden = !begun(one);
      own.value = one.file.size ? one.loaded / one.file.size : 0;
    }
    retry.hidden = busy || !files.some((one) => one.state === 'failed' && !never(one));
    go.disabled = busy;
  }

  // carry sends one file. XMLHttpRequest, because fetch does not tell how far it came.
  function carry(one) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      const end = (state, text) => { one.request = undefined; settle(one, state, text); resolve(); };
      one.request = request;
      one.loaded = 0;
      settle(one, 'sending', '');
      request.open('PUT', `/pass/sendings/${sending}/files/${encodeURIComponent(one.file.name)}${of}`);
      request.upload.addEventListener('progress', (e) => { one.loaded = e.loaded; show(); });
      request.addEventListener('load', () => {
        if (request.status === 201) {
          one.loaded = one.file.size;
          end('done', page.dataset.done);
          return;
        }
        let said = {};
        try { said = JSON.parse(request.responseText); } catch { /* a proxy's page */ }
        if (said.type === 'urn:deskauth:problem:pass_sending_over') lapsed();
        end('failed', said.detail || said.title || page.dataset.lost);
      });
      request.addEventListener('error', () => end('failed', page.dataset.lost));
      request.addEventListener('abort', () => end('failed', ''));
      request.send(one.file);
    });
  }

  // lapsed begins anew: what was there for the sending before has to come again.
  function lapsed() {
    sending = 0;
    for (const one of files) if (one.state === 'done') { one.loaded = 0; settle(one, 'waiting', ''); }
  }

  // run sends what is given, and what it makes complete, in one comment.
  async function run(some) {
    if (busy) return;
    say('');
    if (files.length === 0 && !comment?.value.trim()) { say(page.dataset.nothing); return; }
    busy = true;
    show();
    await deliver(some);
    busy = false;
    show();
  }

  async function deliver(some) {
    if (!sending) {
      const begun = await ask('POST', `/pass/sendings${of}`);
      if (!begun.ok) { say(begun.text); return; }
      sending = begun.said.id;
    }
    for (const one of some) if (files.includes(one) && one.state !== 'done') await carry(one);
    if (files.some((one) => one.state !== 'done')) {
      status.textContent = page.dataset.failed;
      return;
    }
    status.textContent = '';
    const done = await ask('POST', `/pass/sendings/${sending}/finish${of}`, { comment: comment?.value ?? '' });
    if (done.ok) location.replace('/pass?sent=1');
    else {
      if (done.said?.type === 'urn:deskauth:problem:pass_sending_over') lapsed();
      say(done.text);
    }
  }

  form.addEventListener('submit', (e) => {
    e.preventDefault();
    run(files.filter((one) => one.state !== 'done' && !never(one)));
  });
  retry.addEventListener('click', () => run(files.filter((one) => one.state === 'failed' && !never(one))));
  box.addEventListener('change', () => { add(box.files); box.value = ''; });
  addEventListener('paste', (e) => { if (e.clipboardData?.files.length) { e.preventDefault(); add(e.clipboardData.files); } });
  for (const kind of ['dragenter', 'dragover']) {
    addEventListener(kind, (e) => { e.preventDefault(); form.classList.add('over'); });
  }
  addEventListener('dragleave', (e) => { if (!e.relatedTarget) form.classList.remove('over'); });
  addEventListener('drop', (e) => {
    e.preventDefault();
    form.classList.remove('over');
    if (e.dataTransfer?.files.length) add(e.dataTransfer.files);
  });
  // A use that was begun and came to nothing is given back.
  addEventListener('pagehide', () => {
    if (sending && !files.some((one) => one.state === 'done')) fetch(`/pass/sendings/${sending}${of}`, { method: 'DELETE', keepalive: true });
  });
}
