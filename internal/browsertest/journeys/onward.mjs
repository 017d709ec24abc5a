// Allows an app whose callback redirects on to a third origin, then signs in anew where
// consent is skipped: input = {zendesk, callback, third, email, password}.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const ask = `${input.zendesk}/oauth/authorizations/new?${new URLSearchParams({
    response_type: 'token', client_id: 'onward', redirect_uri: input.callback, scope: 'read', state: 's1',
  })}`;
  for (const options of [{}, { javaScriptEnabled: false }]) {
    const v = await visitor(options);
    const signIn = async () => {
      await v.page.goto(ask);
      await v.page.getByLabel('Email', { exact: true }).fill(input.email);
      await v.page.getByLabel('Password', { exact: true }).fill(input.password);
      await v.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    };
    const arrived = () => v.page.waitForURL((url) => url.href.startsWith(input.third), { timeout: 10_000 });

    await signIn();
    const allow = v.page.getByRole('button', { name: 'Allow', exact: true });
    if (options.javaScriptEnabled === undefined) { // the second visitor's consent is on record
      await allow.click();
      await arrived();
      v.expect(v.page.url().includes('access_token='), 'the answer got lost on the way');
    } else {
      await arrived();
    }

    await v.page.goto(`${input.zendesk}/`);
    await v.page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await v.page.waitForURL((url) => url.href.startsWith(input.zendesk));
    await signIn();
    await arrived();
    await v.leave();
  }
  return { done: true };
});
