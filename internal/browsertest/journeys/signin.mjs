// Goes the whole way from the broker's first page to "Hi, Ada Admin!", as several
// people do: input = {broker, zendesk, subdomain, email, password, greeting, others, french}.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const atZendesk = (url) => url.href.startsWith(input.zendesk);
  const atBroker = (url) => url.href.startsWith(input.broker);

  // What a page is asked for, by the words that a person reads on it.
  const on = (v) => ({
    subdomain: v.page.getByLabel('Your Zendesk subdomain'),
    connect: v.page.getByRole('button', { name: 'Sign in to Zendesk' }),
    email: v.page.getByLabel('Email', { exact: true }),
    password: v.page.getByLabel('Password', { exact: true }),
    signIn: v.page.getByRole('button', { name: 'Sign in', exact: true }),
    allow: v.page.getByRole('button', { name: 'Allow', exact: true }),
    deny: v.page.getByRole('button', { name: 'Deny', exact: true }),
    problem: v.page.getByRole('alert'),
  });

  // askToConnect goes from the broker's first page to Zendesk's.
  async function askToConnect(v) {
    await v.page.goto(input.broker);
    await on(v).subdomain.fill(input.subdomain);
    await on(v).connect.click();
    await v.page.waitForURL(atZendesk);
  }

  async function signIn(v, password = input.password) {
    await on(v).email.fill(input.email);
    await on(v).password.fill(password);
    await on(v).signIn.click();
  }

  // The newcomer mistypes what can be mistyped, and every page is looked at.
  async function newcomer() {
    const v = await visitor();
    await v.page.goto(input.broker);
    await v.look('signin-1-home');
    await on(v).subdomain.fill('no such name!');
    await on(v).connect.click();
    await on(v).problem.waitFor();
    await v.look('signin-2-mistyped');
    await on(v).subdomain.fill(`https://${input.subdomain}.zendesk.com/agent/dashboard`); // a pasted address
    await on(v).connect.click();
    await v.page.waitForURL(atZendesk);
    await v.look('signin-3-sign-in');
    await signIn(v, 'not the password');
    await on(v).problem.waitFor();
    await v.look('signin-4-wrong-password');
    await signIn(v);
    await on(v).allow.waitFor();
    await v.look('signin-5-consent');
    const answer = v.page.waitForRequest((r) => r.url().startsWith(`${input.broker}/zendesk/oauth/callback?`));
    await on(v).allow.click();
    await v.page.waitForURL(atBroker);
    await v.says(input.greeting);
    await v.look('signin-6-connected');

    // Zendesk's answer counts once: when it comes again (a reload, the Back button), its
    // result is shown again, and no second connection is made.
    const connected = v.page.url();
    await v.page.goto((await answer).url());
    v.expect(v.page.url() === connected, `the answer's second coming ends there, not at ${connected}`);
    await v.says(input.greeting);

    // Signed in and allowed, one is sent through without a question.
    await v.page.goto(input.broker);
    await on(v).subdomain.fill(input.subdomain);
    await on(v).connect.click();
    await v.page.getByText(input.greeting).waitFor();
    await v.leave();
  }

  // Whoever declines is told so, and finds the way back.
  async function decliner() {
    const v = await visitor();
    await askToConnect(v);
    await signIn(v);
    await on(v).deny.click();
    await v.page.waitForURL(atBroker);
    await v.says('Access was denied');
    await v.look('signin-7-denied');
    await v.leave();
  }

  // No mouse: Tab, typing and Enter alone, and the focus can be seen at every stop.
  async function keyboardOnly() {
    const v = await visitor();
    await v.page.goto(input.broker);
    // The box has the focus already; Shift+Tab and Tab come back to it.
    v.expect(await on(v).subdomain.evaluate((e) => e === document.activeElement), 'the subdomain box has not the focus');
    await v.page.keyboard.press('Control+A');
    await v.page.keyboard.type(input.subdomain);
    await v.tabTo(on(v).connect);
    await v.press('Enter', atZendesk);
    await on(v).email.focus(); // wherever the page put it
    await v.page.keyboard.type(input.email);
    await v.tabTo(on(v).password);
    await v.page.keyboard.type(input.password);
    await v.tabTo(on(v).signIn);
    await v.page.keyboard.press('Enter');
    await on(v).allow.waitFor();
    await v.tabTo(on(v).allow);
    await v.press('Enter', atBroker);
    await v.says(input.greeting);
    await v.leave();
  }

  // An operator makes a key and revokes it, by Tab, typing, Space and Enter alone.
  async function operator() {
    const v = await visitor();
    const { page } = v;
    const button = (name) => page.getByRole('button', { name, exact: true });
    const link = (name) => page.getByRole('link', { name, exact: true });
    await page.goto(`${input.broker}/keys`);
    v.expect(await on(v).subdomain.evaluate((e) => e === document.activeElement), 'the subdomain box has not the focus');
    await page.keyboard.press('Control+A');
    await page.keyboard.type(input.subdomain);
    await v.tabTo(on(v).connect);
    await v.press('Enter', atZendesk);
    await on(v).email.focus();
    await page.keyboard.type(input.email);
    await v.tabTo(on(v).password);
    await page.keyboard.type(input.password);
    await page.keyboard.press('Enter');
    await on(v).allow.or(link('Make a key').first()).waitFor();
    if (await on(v).allow.isVisible()) {
      await v.tabTo(on(v).allow);
      await v.press('Enter', atBroker);
    }
    await v.says('No keys yet');
    await v.tabTo(link('Make a key').first());
    await v.press('Enter', '**/keys/new');
    await v.tabTo(page.getByLabel('Name', { exact: true }));
    await page.keyboard.type('nightly reports');
    await v.tabTo(page.getByRole('checkbox', { name: 'Use connections' }));
    await page.keyboard.press('Space');
    await v.tabTo(page.getByRole('radio', { name: '90 days' }));
    await page.keyboard.press('ArrowUp');
    await v.tabTo(button('Make the key'));
    await v.press('Enter', '**/keys');
    const key = await page.locator('#secret').textContent();
    v.expect(/^deskauth_.{40,}$/.test(key), 'no key is shown');
    await v.tabTo(link('I saved it'));
    await page.keyboard.press('Enter');
    await page.getByText('in 29 days').waitFor();
    v.expect(!(await page.content()).includes(key), 'the key is shown once more');
    await v.tabTo(link('Revoke nightly reports'));
    await v.press('Enter', '**/revoke');
    await v.tabTo(button('Revoke the key'));
    await v.press('Enter', '**/keys?done=*');
    await v.says('The key is revoked');
    await v.leave();
  }

  // In French from the first page to the last, at Zendesk and at the broker.
  async function abroad() {
    const { words } = input.french;
    const v = await visitor({ locale: 'fr-CA' });
    await v.page.goto(input.broker);
    await v.look('signin-9-french');
    await v.page.getByLabel(words.subdomain).fill(input.subdomain);
    await v.page.getByRole('button', { name: words.connect }).click();
    await v.page.getByLabel(words.email, { exact: true }).fill(input.email);
    await v.page.getByLabel(words.password, { exact: true }).fill(input.password);
    await v.page.getByRole('button', { name: words.signIn, exact: true }).click();
    await v.page.waitForURL(atBroker);
    await v.says(input.french.greeting);
    await v.look('signin-9-french-connected');
    await v.leave();
  }

  // Without scripts everything works as well.
  async function withoutScripts() {
    const v = await visitor({ javaScriptEnabled: false });
    await askToConnect(v);
    await signIn(v);
    await on(v).allow.click();
    await v.page.waitForURL(atBroker);
    await v.says(input.greeting);
    await v.leave();
  }

  // An answer that is carried to another browser connects nobody there.
  async function robbed() {
    const v = await visitor();
    await askToConnect(v);
    await signIn(v);
    await on(v).allow.waitFor();
    const answer = await v.waylay(`${input.broker}/zendesk/oauth/callback?*`);
    await on(v).allow.click({ noWaitAfter: true });
    const stolen = await answer.url;
    const thief = await visitor();
    await thief.page.goto(stolen);
    await thief.says('This sign-in began in another browser');
    await thief.look('signin-8-another-browser');
    await thief.leave();
    await v.leave();
  }

  await newcomer();
  await operator();
  // A person who allowed before is not asked again while a token lives, so that those
  // who are to see the consent page come as somebody else.
  for (const [person, go] of [[input.others[0], decliner], [input.others[0], keyboardOnly],
    [input.others[1], robbed], [input.others[1], withoutScripts], [input.others[1], abroad]]) {
    Object.assign(input, person);
    await go();
  }
  return { done: true };
});
