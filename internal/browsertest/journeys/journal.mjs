// Watches a demo's journal while somebody uses the demo, and tries to read and steer it
// from another server's page: input = {zendesk, control, evil}.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const on = (v) => ({
    entry: (event) => v.page.locator('#entries li').filter({ hasText: event }),
    status: v.page.getByRole('status'),
    pause: v.page.getByRole('button', { name: 'Pause' }),
    resume: v.page.getByRole('button', { name: 'Go on' }),
  });

  // Somebody who uses the demo: each visit of the home page is an entry.
  const user = await visitor();
  await user.page.goto(`${input.zendesk}/`);

  // The journal is a link away, and says what has happened.
  const v = await visitor();
  await v.page.goto(`${input.zendesk}/`);
  await v.page.getByRole('link', { name: `${input.control}/live` }).click();
  await v.page.getByRole('heading', { name: 'Journal', level: 1 }).waitFor();
  await on(v).status.getByText('Following.').waitFor();
  await v.look('journal-1-following');

  // What happens comes by itself, newest first, and opens to all there is to know.
  await user.page.goto(`${input.zendesk}/no/such/page`);
  const first = on(v).entry(' 404').first(); // what its page loads comes after it
  await first.waitFor();
  await v.tabTo(first.locator('summary'));
  await v.page.keyboard.press('Enter');
  await first.getByText('"event": "request.answered"').waitFor();
  await v.look('journal-2-opened');
  await first.getByRole('link', { name: 'All of this request' }).click();
  await v.page.waitForURL((url) => url.searchParams.has('request_id'));
  v.expect(await v.page.locator('#entries li').count() === 1, 'a request has not one entry');
  await v.page.getByRole('link', { name: 'Show everything' }).click();
  await v.page.waitForURL(`${input.control}/live`);

  // A filter stands in the address, and holds for what comes.
  await v.page.getByLabel('Status').fill('4xx');
  await v.page.getByLabel('Account').selectOption('acme');
  await v.page.getByRole('button', { name: 'Show', exact: true }).click();
  await v.page.waitForURL((url) => url.searchParams.get('status') === '4xx' && url.searchParams.get('account') === 'acme');
  await on(v).status.getByText('Following.').waitFor();
  const refused = await v.page.locator('#entries li').count();
  await user.page.goto(`${input.zendesk}/`);
  await user.page.goto(`${input.zendesk}/no/such/page`);
  await v.page.locator('#entries li').nth(refused).waitFor();
  v.expect(await on(v).entry(' 200').count() === 0, 'the filter lets others through');

  // Paused, nothing moves; what happened meanwhile comes afterwards.
  await on(v).pause.click();
  await on(v).status.getByText('Paused.').waitFor();
  await user.page.goto(`${input.zendesk}/no/such/page`);
  v.expect(await v.page.locator('#entries li').count() === refused + 1, 'an entry came though paused');
  await v.look('journal-3-paused');
  await on(v).resume.click();
  await v.page.locator('#entries li').nth(refused + 1).waitFor();

  // The clock on the page is the demo's.
  await v.page.locator('#clock').getByText('frozen').waitFor();
  await v.page.goto(`${input.control}/live?status=teapot`);
  await v.says('is one such as 404');
  await v.leave();

  // Without JavaScript it is read and reloaded.
  const plain = await visitor({ javaScriptEnabled: false });
  await plain.page.goto(`${input.control}/live?event=request.`);
  await plain.page.getByRole('link', { name: 'Reload' }).click();
  plain.expect(new URL(plain.page.url()).search === '?event=request.', 'the filter is lost on a reload');
  plain.expect(await plain.page.getByRole('button', { name: 'Pause' }).count() === 0, 'it can be paused though it does not follow');
  await plain.page.locator('#entries summary').first().click();
  await plain.page.getByText('"event": "request.answered"').first().waitFor();
  await plain.leave();

  // Another server's page is refused all of it. What it is refused stands on the
  // console, which is not held against it here.
  const page = await user.page.context().newPage();
  await page.goto(input.evil);
  const got = await page.evaluate(async (control) => {
    const tried = {};
    const ask = async (name, path, options) => {
      try {
        const r = await fetch(control + path, options);
        tried[name] = r.type === 'opaque' ? 'opaque' : await r.text();
      } catch { tried[name] = 'failed'; }
    };
    await ask('journal', '/journal');
    await ask('journal opaque', '/journal', { mode: 'no-cors' });
    await ask('advance', '/clock/advance', { method: 'POST', mode: 'no-cors', body: '{"by":"1h"}' });
    await ask('reset', '/clock', { method: 'DELETE' });
    tried.stream = await new Promise((resolve) => {
      const s = new EventSource(`${control}/live/stream`);
      s.onopen = () => resolve('open');
      s.onerror = () => { s.close(); resolve('failed'); };
    });
    tried.script = await new Promise((resolve) => {
      const s = document.createElement('script');
      s.src = `${control}/journal`;
      s.onload = () => resolve('loaded');
      s.onerror = () => resolve('failed');
      document.body.append(s);
    });
    const opened = window.open(`${control}/live`);
    await new Promise((resolve) => { setTimeout(resolve, 1500); });
    try { tried.window = opened.document.body.innerText; } catch { tried.window = 'failed'; }
    tried.closed = opened.closed; // a window that we may not reach looks closed
    return tried;
  }, input.control);
  for (const [name, what] of Object.entries(got)) {
    v.expect(['failed', 'opaque', true].includes(what), `another server's page: ${name} is ${what}`);
  }
  return { got };
});
