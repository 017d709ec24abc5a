// Signs in to an app that others could have written, at the real Zendesk's address:
// input = {app, devtools, email, password, greeting}. Says where the pages were.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const v = await visitor();
  await v.page.goto(input.app);
  await v.page.getByRole('link', { name: 'Sign in to Zendesk' }).click();
  await v.page.waitForURL((url) => url.hostname === 'acme.zendesk.com');
  const secure = await v.page.evaluate(() => window.isSecureContext && window.location.protocol === 'https:');
  v.expect(secure, 'the sign-in page is not secure');
  await v.page.getByLabel('Email', { exact: true }).fill(input.email);
  await v.page.getByLabel('Password', { exact: true }).fill(input.password);
  await v.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  const allow = v.page.getByRole('button', { name: 'Allow', exact: true });
  await allow.waitFor();
  const consent = new URL(v.page.url());
  await allow.click();
  await v.page.waitForURL((url) => url.href.startsWith(input.app));
  await v.says(input.greeting);
  await v.leave();
  return { consent: consent.origin };
});
