// A page without a server signs a person in by the implicit grant and calls the API
// from its own origin: input = {app, zendesk, email, password, says}.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const v = await visitor();
  const asked = [];
  v.page.on('request', (r) => asked.push(`${r.method()} ${new URL(r.url()).pathname}`));
  await v.page.goto(input.app);
  await v.page.getByRole('link', { name: 'Sign in with Zendesk' }).click();
  await v.page.getByLabel('Email', { exact: true }).fill(input.email);
  await v.page.getByLabel('Password', { exact: true }).fill(input.password);
  await v.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await v.page.getByRole('button', { name: 'Allow', exact: true }).click();
  await v.page.getByText(input.says).waitFor();
  v.expect(new URL(v.page.url()).origin === new URL(input.app).origin, 'is not back at the app');
  v.expect(!v.page.url().includes('access_token'), 'the address still holds the token');
  v.expect(!asked.includes('POST /oauth/tokens'), 'the page called the token endpoint');

  // A denial comes in the fragment, too.
  const other = await visitor();
  await other.page.goto(`${input.app}?scope=write`);
  await other.page.getByRole('link', { name: 'Sign in with Zendesk' }).click();
  await other.page.getByLabel('Email', { exact: true }).fill(input.email);
  await other.page.getByLabel('Password', { exact: true }).fill(input.password);
  await other.page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await other.page.getByRole('button', { name: 'Deny', exact: true }).click();
  await other.page.getByText('Zendesk says access_denied').waitFor();
  return { done: true };
});
