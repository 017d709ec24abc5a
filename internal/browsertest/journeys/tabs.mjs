// Walks each page by the Tab key to the element with id "end": input = {urls}.
import { journey } from '../lib.mjs';

await journey(async ({ input, visitor }) => {
  for (const url of input.urls) {
    const v = await visitor();
    await v.page.goto(url);
    await v.tabTo(v.page.locator('#end'), 10).catch((e) => v.problem(e.message));
    await v.leave();
  }
});
