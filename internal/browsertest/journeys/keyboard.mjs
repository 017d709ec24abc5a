// Works the broker's pages by Tab, typing, Space, arrows and Enter alone, as an operator
// and as somebody whose program waits: input = {broker, zendesk, subdomain, email,
// password, key, approve, deny}. There are three connections: 1 and 2 of people, 3 of a
// client. The key is for changes that come from elsewhere.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const far = 90; // Tab stops on the longest way
  const of = (v) => ({
    button: (name) => v.page.getByRole('button', { name, exact: true }),
    link: (name) => v.page.getByRole('link', { name, exact: true }),
    box: (name) => v.page.getByLabel(name, { exact: true }),
    row: (id) => v.page.locator(`#c${id}`),
    pick: (id) => v.page.locator(`#c${id} input[name="id"]`),
    problem: v.page.getByRole('alert'),
  });
  const focused = (locator) => locator.evaluate((e) => e === document.activeElement);

  // go is Tab to something, Enter, and the page that follows.
  async function go(v, locator, following) {
    await v.tabTo(locator, far);
    await v.press('Enter', following);
  }

  // fill types into a box in place of what it holds.
  async function fill(v, locator, text) {
    if (!await focused(locator)) await v.tabTo(locator, far);
    await v.page.keyboard.press('Control+A');
    await v.page.keyboard.type(text);
  }

  // elsewhere changes a connection as a program does.
  async function elsewhere(id, what) {
    const answer = await fetch(`${input.broker}/v1/connections/${id}/${what}`, { method: 'POST', headers: { Authorization: `Bearer ${input.key}` } });
    if (!answer.ok) throw new Error(`${what} of connection ${id} is answered ${answer.status} ${await answer.text()}`);
  }

  async function atZendesk(v) {
    await v.page.waitForURL((url) => url.href.startsWith(input.zendesk));
    if (!await focused(of(v).box('Email'))) await v.tabTo(of(v).box('Email'), far);
    await v.page.keyboard.type(input.email);
    await v.tabTo(of(v).box('Password'));
    await v.page.keyboard.type(input.password);
    await v.page.keyboard.press('Enter');
  }

  async function signIn(v, path) {
    await v.page.goto(input.broker + path);
    await fill(v, v.page.getByLabel('Your Zendesk subdomain'), input.subdomain);
    await v.page.keyboard.press('Enter');
    await atZendesk(v);
    const allow = of(v).button('Allow');
    await allow.or(v.page.getByRole('heading', { level: 1, name: 'Connections' })).first().waitFor();
    if (await allow.isVisible()) await go(v, allow, `${input.broker}${path}`);
  }

  // copies presses a copy button and holds that the clipboard has what is shown.
  async function copies(v, name, from) {
    const shown = await v.page.locator(from).textContent();
    await v.tabTo(of(v).button(name), far);
    await v.page.keyboard.press('Enter');
    const copied = of(v).button('Copied');
    await copied.waitFor();
    v.expect(await focused(copied), `the focus is lost when ${from} is copied`);
    const held = await v.page.evaluate(() => navigator.clipboard.readText());
    v.expect(shown.length > 20 && held === shown, `the clipboard does not hold what ${from} shows`);
    return shown;
  }

  // The list is filtered and searched, and the address holds the filter.
  async function dashboard(v) {
    const { button, link, box, row } = of(v);
    await signIn(v, '/connections');
    await row(3).waitFor();
    await v.tabTo(link('Skip to the content'));
    await v.page.keyboard.press('Enter');
    await v.tabTo(link('Connect a Zendesk'), 1); // the first stop of the content
    await fill(v, box('Name, email or account'), 'grace');
    await v.press('Enter', '**/connections?*q=grace*');
    v.expect(await v.page.locator('#rows tr').count() === 1, 'the search does not find one');
    await v.tabTo(box('Product'), far);
    await v.page.keyboard.press('ArrowDown');
    await v.page.keyboard.press('ArrowDown');
    await go(v, button('Show'), '**/connections?*product=chat*');
    await v.says('No connection matches');
    await go(v, link('Show all').first(), `${input.broker}/connections`);
    await go(v, v.page.locator('#counts a').nth(1), '**/connections?state=active');
    v.expect(await v.page.locator('#rows tr').count() === 3, 'not all are healthy');
    // A row's scopes open and close.
    const scopes = row(3).locator('summary');
    await v.tabTo(scopes, far);
    await v.page.keyboard.press('Enter');
    await row(3).getByText('write', { exact: true }).waitFor();
    await v.page.keyboard.press('Space');
    v.expect(await row(3).locator('details').getAttribute('open') === null, 'the scopes stay open');
  }

  // What comes from elsewhere shows, and takes neither the focus nor the choice.
  async function follows(v) {
    const { row, pick, link } = of(v);
    await v.page.locator('#live').getByText('This page follows what happens.').waitFor();
    await go(v, v.page.locator('#counts a').first(), `${input.broker}/connections`);
    await v.page.locator('#live').getByText('This page follows what happens.').waitFor();
    await v.tabTo(pick(2), far);
    await v.page.keyboard.press('Space');
    await elsewhere(1, 'disable');
    await row(1).getByText('Disabled').first().waitFor();
    v.expect(await focused(pick(2)) && await pick(2).isChecked(), 'a change elsewhere takes the focus or the choice');
    // A row that has the focus waits for its change until the focus is gone.
    await v.page.keyboard.press('Space');
    await v.tabTo(row(1).getByRole('link'), far);
    await elsewhere(1, 'enable');
    await v.page.locator('#counts a').nth(1).getByText('3', { exact: true }).waitFor();
    v.expect(await focused(row(1).getByRole('link')), 'a change takes the focus from its row');
    await v.tabTo(link('Skip to the content'), far);
    await row(1).getByText('Healthy').first().waitFor();
    await row(1).getByText('Disabled').first().waitFor({ state: 'detached' });
    v.expect(await focused(link('Skip to the content')), 'a change takes the focus');
  }

  // An order for two: nothing is chosen, a look, Cancel, and then it is done.
  async function several(v) {
    const { button, link, pick, row } = of(v);
    await v.page.goto(`${input.broker}/connections?q=acme`);
    await go(v, button('Disable…'), '**/connections?*chosen=none*');
    await of(v).problem.waitFor();
    v.expect(v.page.url().includes('q=acme'), 'the filter is lost where nothing was chosen');
    const choose = async () => {
      await v.tabTo(pick(2), far);
      await v.page.keyboard.press('Space');
      await v.tabTo(pick(1), far);
      await v.page.keyboard.press('Space');
      await go(v, button('Disable…'), '**/orders');
      await v.says('Nothing has been done yet. It will be done for 2 of 2.');
    };
    await choose();
    await v.look('keyboard-1-order');
    await go(v, link('Cancel'), '**/connections?q=acme');
    v.expect(await v.page.locator('#rows .state.disabled').count() === 0, 'what was cancelled was done');
    await choose();
    await v.tabTo(button('Disable 2 connections'), far);
    await v.page.keyboard.press('Enter');
    await v.page.getByRole('status').waitFor();
    await v.says('Done for 2 of 2.');
    await go(v, link('All connections'), '**/connections?q=acme');
    v.expect(await v.page.locator('#rows .state.disabled').count() === 2, 'it was not done');
    // All at once; what cannot be done is said before.
    await v.tabTo(v.page.getByLabel('Choose all on this page'), far);
    await v.page.keyboard.press('Space');
    v.expect(await pick(3).isChecked() && await row(1).locator('input').isChecked(), 'not all are chosen');
    await go(v, button('Enable…'), '**/orders');
    await v.says('It will be done for 2 of 3.');
    await v.tabTo(button('Enable 2 connections'), far);
    await v.page.keyboard.press('Enter');
    await v.page.getByRole('status').waitFor();
    await go(v, link('All connections'), '**/connections?q=acme');
    const file = v.page.waitForEvent('download');
    await v.tabTo(link('As CSV'), far);
    await v.page.keyboard.press('Enter');
    v.expect((await file).suggestedFilename().endsWith('.csv'), `the file is called ${(await file).suggestedFilename()}`);
  }

  // The page of one connection, to its end.
  async function connection(v) {
    const { button, link, row } = of(v);
    const at = `${input.broker}/connections/2`;
    const did = v.page.getByRole('status');
    const name = await row(2).getByRole('link').textContent();
    await go(v, row(2).getByRole('link'), at);
    await go(v, button('Renew now'), `${at}?done=renew`);
    await did.getByText('It has new tokens.').waitFor();
    await v.tabTo(button('Get a link to authorize again'), far);
    await v.page.keyboard.press('Enter');
    await v.page.locator('#link').waitFor();
    const address = await copies(v, 'Copy', '#link');
    v.expect(address.startsWith(`${input.broker}/link/`), 'the link leads elsewhere');
    await go(v, button('Disable'), `${at}?done=disable`);
    // While one is on a button, what happens elsewhere shows beside it.
    await v.page.locator('#live').getByText('This page follows what happens.').waitFor();
    await v.tabTo(button('Enable'), far);
    await elsewhere(2, 'enable');
    await v.page.locator('#standing').getByText('Healthy').waitFor();
    v.expect(await focused(button('Enable')), 'a change elsewhere takes the focus');
    await v.page.keyboard.press('Enter');
    await of(v).problem.getByText('it is so already').waitFor();
    // Another name ends nothing, and one is where it is typed again.
    const typed = v.page.locator('#name');
    await fill(v, typed, 'somebody else');
    await v.page.keyboard.press('Enter');
    await of(v).problem.getByText('That is neither the name nor the number.').waitFor();
    v.expect(await focused(typed), 'the focus is not in the box that is wrong');
    await v.look('keyboard-2-mistyped');
    await fill(v, typed, name);
    await v.tabTo(button('Revoke and delete'));
    await v.press('Enter', `${input.broker}/connections`);
    v.expect(await row(2).count() === 0 && await row(1).count() === 1, 'another than the connection is gone');
    v.expect(await link(name).count() === 0, 'the connection is still listed');
  }

  // What is shown once is copied, and is not shown again.
  async function shownOnce(v) {
    const { button, link, box } = of(v);
    await go(v, link('Webhooks'), '**/webhooks');
    await go(v, link('Add a webhook').first(), '**/webhooks/new');
    await v.tabTo(button('Add the webhook'), far);
    await v.page.keyboard.press('Enter'); // without an address: the browser asks for one
    v.expect(await focused(box('Address')), 'the focus is not in the box that is empty');
    await v.page.keyboard.type('https://hooks.example.com/deskauth');
    await v.tabTo(v.page.getByRole('checkbox', { name: 'A pass was used' }), far);
    await v.page.keyboard.press('Space');
    await go(v, button('Add the webhook'), '**/webhooks');
    const secret = await copies(v, 'Copy', '#secret');
    v.expect(secret.startsWith('whsec_'), 'no secret of a webhook is shown');
    await go(v, link('I saved it'), '**/webhooks/1*');
    v.expect(!(await v.page.content()).includes(secret), 'the secret is shown once more');
    await v.tabTo(link('Remove the webhook…').or(v.page.locator('a.danger')).first(), far);
    await v.press('Enter', '**/webhooks/1/remove');
    await go(v, link('Cancel'), '**/webhooks/1');

    await go(v, link('Keys'), '**/keys');
    await go(v, link('Make a key').first(), '**/keys/new');
    await fill(v, box('Name'), 'nightly reports');
    await v.tabTo(v.page.getByRole('checkbox', { name: 'Use connections' }), far);
    await v.page.keyboard.press('Space');
    await go(v, button('Make the key'), '**/keys');
    const key = await copies(v, 'Copy', '#secret');
    await v.tabTo(link('I saved it'), far);
    await v.page.keyboard.press('Enter');
    await link('Revoke nightly reports').waitFor();
    v.expect(!(await v.page.content()).includes(key), 'the key is shown once more');
  }

  // Two programs wait: one that nobody knows, and one that was started just now.
  async function device() {
    const v = await visitor();
    const { button, box, problem } = of(v);
    await v.page.goto(`${input.broker}/device`);
    v.expect(await focused(box('Code')), 'the box has not the focus');
    await v.page.keyboard.type('WXYZ-WXYZ');
    await v.page.keyboard.press('Enter');
    await problem.waitFor();
    v.expect(await focused(box('Code')), 'the box has not the focus after a wrong code');
    await v.look('keyboard-3-wrong-code');
    await fill(v, box('Code'), input.deny.toLowerCase());
    await v.page.keyboard.press('Enter');
    await v.page.getByRole('heading', { name: 'Allow stranger?' }).waitFor();
    await v.tabTo(button('Deny'), far);
    await v.page.keyboard.press('Enter');
    await v.page.getByRole('heading', { name: 'You denied it' }).waitFor();

    await v.page.goto(`${input.broker}/device`);
    await v.page.keyboard.type(input.approve.replaceAll('-', ' '));
    await v.page.keyboard.press('Enter');
    await v.page.getByText('Nobody has checked that name.').waitFor();
    await v.tabTo(button('Allow'), far);
    await v.page.keyboard.press('Enter');
    await atZendesk(v);
    const connected = v.page.getByText('reporter is connected.');
    await button('Allow').or(connected).waitFor();
    if (await button('Allow').isVisible()) {
      await v.tabTo(button('Allow'), far);
      await v.page.keyboard.press('Enter');
    }
    await connected.waitFor();
    await v.leave();
  }

  const v = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
  for (const part of [dashboard, follows, several, connection, shownOnce]) await part(v);
  await v.leave();
  await device();
  return { done: true };
});
