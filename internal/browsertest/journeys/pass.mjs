// Sends files by passes: input = {broker, scripted, plain}, the latter two links.
import { journey } from '../lib.mjs';

const file = (name, content) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

await journey(async ({ input, visitor }) => {
  const v = await visitor();
  const opened = v.page.waitForResponse((r) => r.url().endsWith('/pass/open'));
  await v.page.goto(input.scripted);
  v.expect((await opened).status() === 204, 'the link does not open');
  const send = v.page.getByRole('button', { name: 'Send', exact: true });
  await send.waitFor();
  v.expect(v.page.url() === `${input.broker}/pass`, `the address is ${v.page.url()}`);
  v.expect(!(await v.page.evaluate(() => document.cookie)).includes('deskauth_pass'), 'a script reads the cookie');
  await v.says('You can send 2 more times.');
  await v.look('pass');

  // A link that was cut off does not leave the form of the one before.
  const cut = v.page.waitForResponse((r) => r.url().endsWith('/pass/open'));
  await v.page.goto(input.scripted.slice(0, -6));
  v.expect((await cut).status() === 401, 'a link that was cut off opens');
  await v.says('This link is not right.');
  v.expect(await v.page.locator('form#send, form[action^="/pass/send"]').count() === 0, 'the form of the pass before is shown');
  await v.look('pass-cut');
  for (let i = v.problems.length - 1; i >= 0; i--) if (v.problems[i].includes('401')) v.problems.splice(i, 1);
  await v.page.reload();
  v.expect(await v.page.locator('#send').count() === 0, 'the pass before comes back');
  await v.page.goto(input.scripted);
  await send.waitFor();

  // Chosen, dropped, and one that is too large.
  await v.page.locator('#files').setInputFiles([file('a.log', 'it crashed'), file('huge.log', 'x'.repeat(1100000))]);
  await v.page.evaluate(() => {
    const carried = new DataTransfer();
    carried.items.add(new File(['dropped'], 'b.log', { type: 'text/plain' }));
    document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: carried }));
  });
  await v.says('The file is too large.');
  await v.page.getByRole('button', { name: 'Remove: huge.log' }).click();

  // A connection that breaks once: that file alone is tried again.
  let broke = 0;
  await v.page.route('**/files/b.log?*', async (route) => {
    if (broke++ === 0) await route.abort(); else await route.continue();
  });
  await v.page.getByLabel('Your message').fill('See both.');
  await send.click();
  const retry = v.page.getByRole('button', { name: 'Try the failed files again' });
  await retry.waitFor();
  await v.says('The connection broke. Try again.');
  await v.says('Uploaded.');
  await v.look('pass-failed');
  for (let i = v.problems.length - 1; i >= 0; i--) if (v.problems[i].includes('/files/b.log?pass=1 did not come')) v.problems.splice(i, 1);
  await v.tabTo(retry);
  await v.press('Enter', '**/pass?sent=1');
  await v.says('It is sent.');
  await v.says('a.log');
  await v.says('b.log');
  await v.says('You can send once more.');
  v.expect(broke === 2, `b.log was sent ${broke} times`);
  await v.look('pass-sent');
  await v.leave();

  const plain = await visitor({ javaScriptEnabled: false });
  await plain.page.goto(input.plain);
  await plain.page.getByLabel('The link you were sent').fill(input.plain);
  await plain.page.getByRole('button', { name: 'Open', exact: true }).click();
  await plain.page.locator('#files').setInputFiles([file('c.txt', 'one'), file('d.txt', 'two')]);
  await plain.page.getByLabel('Your message').fill('By a form.');
  await plain.page.getByRole('button', { name: 'Send', exact: true }).click();
  await plain.page.waitForURL('**/pass?sent=1');
  await plain.says('This link was used as often as it may be.');
  await plain.says('d.txt');
  await plain.leave();

  const wrong = await visitor();
  await wrong.page.goto(`${input.broker}/pass`);
  await wrong.look('pass-ask');
  await wrong.page.getByLabel('The link you were sent').fill('nothing');
  await wrong.page.getByRole('button', { name: 'Open', exact: true }).click();
  await wrong.says('This link is not right.');
  await wrong.look('pass-wrong');
  return { done: true };
});
