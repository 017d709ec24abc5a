// Looks at each of a list of addresses: input = {pages: [{name, url, text, once}], narrow, pictures}. The
// text, if given, must stand on the page; once is as in Visitor.look. With narrow, pages are held to the width of a
// phone and looked at no further, and pictures are taken of those whose names end in one
// of `pictures`. Says how many pages were looked at.
import { journey, phone } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  const v = await visitor(input.narrow ? { viewport: phone } : { looks: true });
  for (const { name, url, text, once } of input.pages) {
    await v.page.goto(url);
    if (text) await v.says(text);
    if (!input.narrow) await v.look(name, { once });
    else {
      await v.fits(name);
      if (input.pictures.some((end) => name.endsWith(end))) await v.shoot(name);
    }
  }
  return { looked: input.pages.length };
});
