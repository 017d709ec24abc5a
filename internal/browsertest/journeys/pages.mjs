// Looks at each of a list of addresses: input = {pages: [{name, url, text}]}. The text,
// if given, must stand on the page. Says how many pages were looked at.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const v = await visitor();
  for (const { name, url, text } of input.pages) {
    await v.page.goto(url);
    if (text) await v.says(text);
    await v.look(name);
  }
  return { looked: input.pages.length };
});
