// Signs in and consents in each language, at a phone, by Tab, typing and Enter alone; then
// in one that is changed on the way: input = {zendesk, callback, password, visits, english,
// japanese}. A visit is {lang, name, email, client, labels, signIn, consent, wrong}: who
// comes for what, and what the pages are to say.
import { journey, phone } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const ask = (visit, state) => `${input.zendesk}/oauth/authorizations/new?${new URLSearchParams({
    response_type: 'code', client_id: visit.client, redirect_uri: input.callback, scope: 'read impersonate tickets:write', state,
  })}`;
  const on = (v, { labels }) => ({
    email: v.page.getByLabel(labels.email, { exact: true }),
    password: v.page.getByLabel(labels.password, { exact: true }),
    signIn: v.page.getByRole('button', { name: labels.signIn, exact: true }),
    allow: v.page.getByRole('button', { name: labels.allow, exact: true }),
    deny: v.page.getByRole('button', { name: labels.deny, exact: true }),
    problem: v.page.getByRole('alert'),
  });
  const arrived = async (v, state) => {
    await v.page.waitForURL((url) => url.href.startsWith(input.callback));
    await v.says(`Arrived with ${state}`);
  };
  async function speaks(v, visit, words) {
    for (const text of words) await v.says(text);
    const lang = await v.page.evaluate(() => document.documentElement.lang);
    v.expect(lang === visit.lang, `says that it is in ${lang}, not ${visit.lang}`);
    const turned = await v.page.evaluate(() => [...document.querySelectorAll('main h1, main h2')]
      .filter((e) => getComputedStyle(e).direction !== 'ltr').map((e) => e.textContent));
    v.expect(turned.length === 0, `a name turns round ${turned}`);
  }

  for (const visit of input.visits) {
    const v = await visitor({ locale: visit.lang, viewport: phone });
    const fields = on(v, visit);
    await v.page.goto(ask(visit, visit.lang));
    await speaks(v, visit, visit.signIn);
    await v.look(`language-${visit.lang}-1-sign-in`);
    v.expect(await fields.email.evaluate((e) => e === document.activeElement), 'the email box has not the focus');
    await v.page.keyboard.type(visit.email);
    await v.tabTo(fields.password);
    await v.page.keyboard.type('not the password');
    await v.page.keyboard.press('Enter');
    await fields.problem.waitFor();
    await speaks(v, visit, [visit.wrong]);
    v.expect(await fields.password.evaluate((e) => e === document.activeElement), 'the password box has not the focus');
    await v.page.keyboard.type(input.password);
    await v.tabTo(fields.signIn);
    await v.page.keyboard.press('Enter');
    await fields.allow.waitFor();
    await speaks(v, visit, visit.consent);
    await v.look(`language-${visit.lang}-2-consent`);
    await v.tabTo(fields.allow);
    await v.page.keyboard.press('Enter');
    await arrived(v, visit.lang);
    await v.leave();
  }

  // Somebody finds the page in English and chooses Japanese by the keyboard, without
  // scripts; what they were asked for goes on.
  const { english, japanese } = input;
  const v = await visitor({ viewport: phone, javaScriptEnabled: false });
  await v.page.goto(ask(english, 'on the way'));
  await v.says(english.signIn[0]);
  const before = v.page.url();
  await v.page.getByRole('button', { name: japanese.name, exact: true }).focus();
  await v.page.keyboard.press('Enter');
  await v.page.getByRole('button', { name: japanese.labels.signIn, exact: true }).waitFor();
  v.expect(v.page.url() === before, `the switch led elsewhere than ${before}`);
  await on(v, japanese).email.fill(japanese.email);
  await on(v, japanese).password.fill(input.password);
  await on(v, japanese).signIn.click();
  await on(v, japanese).allow.waitFor();
  await v.says(japanese.consent[0]);
  await v.page.getByRole('button', { name: english.name, exact: true }).click();
  await on(v, english).allow.waitFor();
  await v.says(english.consent[0]);
  await on(v, english).deny.click();
  await arrived(v, 'on the way');
  v.expect(v.page.url().includes('error=access_denied'), 'the app is not told of the denial');
  await v.leave();
  return { done: true };
});
