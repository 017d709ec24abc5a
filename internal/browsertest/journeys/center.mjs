// Adds an OAuth client in the Admin Center and gets a token by hand: what a script eases,
// and that all of it works without one: input = {zendesk, email, password}.
import { text } from 'node:stream/consumers';
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const v = await visitor({ permissions: ['clipboard-read', 'clipboard-write'] });
  const signIn = async (who) => {
    await who.page.goto(`${input.zendesk}/admin/oauth/clients/new`);
    await who.page.getByLabel('Email', { exact: true }).fill(input.email);
    await who.page.getByLabel('Password', { exact: true }).fill(input.password);
    await who.page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await who.page.getByRole('heading', { name: 'Add an OAuth client' }).waitFor();
  };
  const of = (who) => ({
    name: who.page.getByLabel('Name', { exact: true }),
    identifier: who.page.getByLabel('Identifier', { exact: true }),
    create: who.page.getByRole('button', { name: 'Save and show the secret' }),
  });
  const clipboard = () => v.page.evaluate(() => navigator.clipboard.readText());
  // copies presses a button and holds that the clipboard then has what `from` shows.
  async function copies(label, from) {
    const shown = await v.page.locator(from).textContent();
    const button = v.page.getByRole('button', { name: label, exact: true });
    await button.focus();
    await v.page.keyboard.press('Enter');
    await v.page.getByRole('button', { name: 'Copied', exact: true }).first().waitFor();
    const held = await clipboard();
    v.expect(shown.length > 40 && held === shown, `the clipboard holds ${held.length} characters that are not the ${shown.length} shown`);
    return shown;
  }

  // The identifier follows the name as one types, letter by letter.
  await signIn(v);
  const { name, identifier, create } = of(v);
  const is = async (want) => v.expect(await identifier.inputValue() === want, `the identifier is ${await identifier.inputValue()}, not ${want}`);
  await name.pressSequentially('Über Café & Söhne 2');
  await is('uber_cafe_sohne_2');
  await name.press('Backspace');
  await is('uber_cafe_sohne');
  // Whoever edits it keeps what they typed; whoever empties it has it follow again.
  await identifier.fill('my_app');
  await name.press('End'); // a field that is come back to has its cursor at the start
  await name.pressSequentially('3');
  await is('my_app');
  await identifier.fill('');
  await name.press('End');
  await name.pressSequentially('4');
  await is('uber_cafe_sohne_34');
  await identifier.fill('copied_app');
  await create.click();

  // The secret is on the clipboard, and in the file.
  await v.page.locator('#secret').waitFor();
  const secret = await copies('Copy', '#secret');
  const download = v.page.waitForEvent('download');
  await v.page.getByRole('link', { name: 'Download as .env' }).click();
  const file = await download;
  v.expect(file.suggestedFilename() === 'copied_app.env', `the file is called ${file.suggestedFilename()}`);
  const lines = await text(await file.createReadStream());
  const want = `ZENDESK_URL='${input.zendesk}'\nZENDESK_CLIENT_ID='copied_app'\nZENDESK_CLIENT_SECRET='${secret}'\n`;
  v.expect(lines === want, 'the file does not hold the address, the identifier and the secret');
  await v.look('center-secret');

  // A token by hand: the token, and the line to try it.
  await v.page.goto(`${input.zendesk}/apps/token`);
  await v.page.getByRole('checkbox').first().check();
  await v.page.getByRole('button', { name: 'Authorize and get the token' }).click();
  await v.page.locator('#token').waitFor();
  const token = await copies('Copy the token', '#token');
  await v.page.goto(`${input.zendesk}/apps`);
  v.expect(!(await v.page.content()).includes(token), 'the token is shown once more');
  await v.leave();

  // Without scripts the identifier is typed, and no button is there that would do nothing.
  const plain = await visitor({ javaScriptEnabled: false });
  await signIn(plain);
  await of(plain).name.fill('Plain');
  await of(plain).identifier.fill('plain_app');
  await of(plain).create.click();
  await plain.page.locator('#secret').waitFor();
  plain.expect(await plain.page.getByRole('button', { name: 'Copy', exact: true }).count() === 0, 'a button that does nothing is shown');
  await plain.leave();
  return { done: true };
});
