// What the journeys share: a browser, visitors to it, and what is looked at on every
// page. See doc.go for how it hangs together.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// The background services of a browser have no business in a test, and this machine
// may have no way to reach them.
const flags = [
  '--no-sandbox', // Chromium's own sandbox does not work as root
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

// What another theme and another width can change. The rest of a page is the same, and
// was looked at.
const ofColour = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable'];

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

// launched is a browser of one's own, or with `served` one that other processes find at
// its wsEndpoint().
export function launched(executablePath, { served = false } = {}) {
  const options = { executablePath, args: flags };
  return served ? chromium.launchServer(options) : chromium.launch(options);
}

// journey runs `tell(world)` and prints the outcome that run.go reads. The world has
// `input` (what the Go test gave) and `visitor()`. The browser is the one that the test's
// process shares, one of its own, or the one that listens for DevTools at input.devtools,
// which somebody else opened. What tell returns is said to the Go test; what it throws is
// a problem like the others.
export async function journey(tell) {
  const given = JSON.parse(readFileSync(0, 'utf8'));
  const problems = [];
  let said = null;
  const browser = given.input.devtools ? await chromium.connectOverCDP(given.input.devtools)
    : given.shared ? await chromium.connect(given.shared) : await launched(given.chromium);
  try {
    said = await tell({
      input: given.input,
      visitor: (options) => Visitor.arrive(browser, given.screenshots, problems, options),
    });
  } catch (e) {
    problems.push(e.stack ?? String(e));
  } finally {
    await browser.close();
  }
  process.stdout.write(JSON.stringify({ problems, said: said ?? null }));
}

// Visitor is one person at a browser of their own: no cookie, cache or sign-in of others.
// One that `looks` has axe on every page from the start, which is quicker for those who
// look at each page they open.
export class Visitor {
  static async arrive(browser, screenshots, problems, { viewport = desktop, javaScriptEnabled = true, locale = 'en-US', permissions = [], looks = false } = {}) {
    const context = await browser.newContext({ viewport, javaScriptEnabled, locale, permissions, colorScheme: 'light', reducedMotion: 'reduce' });
    context.setDefaultTimeout(30_000);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (e) =>
        console.error(`content security policy: ${e.effectiveDirective} refused ${e.blockedURI} ${e.sourceFile ?? ''}`));
    });
    if (looks) await context.addInitScript(axeSource);
    return new Visitor(await context.newPage(), screenshots, problems);
  }

  constructor(page, screenshots, problems) {
    this.page = page;
    this.screenshots = screenshots;
    this.problems = problems;
    page.on('pageerror', (e) => this.problem(`exception: ${e.message}`));
    page.on('console', (m) => {
      // The console also tells of every status from 400 up. Of a page that is what the
      // journey asked for; of what a page loads, the next listener tells more.
      if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) {
        this.problem(`console: ${m.text()}`);
      }
    });
    page.on('response', (r) => {
      if (r.status() >= 400 && !r.request().isNavigationRequest()) this.problem(`${r.url()} answered ${r.status()}`);
    });
    page.on('requestfailed', (r) => {
      // A navigation that fails throws where it was asked for; one that is overtaken
      // by the next is no failure, and neither is what ends with its page: a stream, or
      // a picture that had not come yet.
      const left = r.failure()?.errorText === 'net::ERR_ABORTED';
      if (!r.isNavigationRequest() && !left) this.problem(`${r.url()} did not come: ${r.failure()?.errorText}`);
    });
  }

  problem(text) {
    this.problems.push(`${this.page.url()}: ${text}`);
  }

  // expect records a problem unless it holds.
  expect(holds, text) {
    if (!holds) this.problem(text);
  }

  // says holds that the page shows the words, if need be after a moment: a script may
  // still have to put them there. Looked for from here, since a page's policy lets no
  // page look for itself as Playwright would have it do.
  async says(words) {
    let text;
    for (const end = Date.now() + 10_000; ;) {
      text = await this.page.locator('body').innerText();
      if (text.includes(words) || Date.now() > end) break;
      await this.page.waitForTimeout(50);
    }
    this.expect(text.includes(words), `does not say ${JSON.stringify(words)}, but ${JSON.stringify(text)}`);
  }

  // waylay keeps the next request that matches the pattern from its server, also one
  // that a redirect leads to, which Playwright's own routes do not see. The `url` of
  // what it returns is a promise of the request's address.
  async waylay(pattern) {
    const devtools = await this.page.context().newCDPSession(this.page);
    await devtools.send('Fetch.enable', { patterns: [{ urlPattern: pattern }] });
    const url = new Promise((resolve) => {
      devtools.once('Fetch.requestPaused', async ({ requestId, request }) => {
        await devtools.send('Fetch.failRequest', { requestId, errorReason: 'Aborted' });
        resolve(request.url);
      });
    });
    return { url };
  }

  async leave() {
    await this.page.context().close();
  }

  // look inspects the page as it stands: axe finds nothing, in light on a desk and in
  // dark on a phone, and nothing sticks out sideways. Pictures are named after `name`;
  // if they are wanted, both themes are taken at both widths. With `once` it is only
  // looked at on the desk, unless pictures are wanted.
  async look(name, { once = false } = {}) {
    if (once && !this.screenshots) {
      await this.axe(`${name}-desktop-light`);
      await this.fits(`${name}-desktop-light`);
      return;
    }
    const before = this.page.viewportSize();
    for (const [where, viewport, inspected] of [['desktop', desktop, 'light'], ['phone', phone, 'dark']]) {
      await this.page.setViewportSize(viewport);
      for (const colorScheme of this.screenshots ? ['light', 'dark'] : [inspected]) {
        const view = `${name}-${where}-${colorScheme}`;
        await this.page.emulateMedia({ colorScheme });
        await this.shoot(view);
        if (colorScheme !== inspected) continue;
        await this.axe(view, colorScheme === 'light' || this.screenshots ? undefined : ofColour);
        await this.fits(view);
      }
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize(before);
  }

  // axe looks for barriers (WCAG A and AA, best practices); each one is a problem. With
  // `rules` it holds the page to those alone.
  async axe(view, rules) {
    // Evaluated, not added as a script: the page's policy would refuse that. Half a
    // megabyte is not sent again where it is.
    if (!await this.page.evaluate(() => Boolean(window.axe))) await this.page.evaluate(`(() => { ${axeSource} })()`);
    const violations = await this.page.evaluate(async (rules) => {
      const runOnly = rules && { type: 'rule', values: rules };
      const { violations } = await window.axe.run(document, { resultTypes: ['violations'], runOnly });
      return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
    }, rules);
    for (const v of violations) this.problem(`axe, ${view}: ${v}`);
  }

  // fits holds that the page does not scroll sideways.
  async fits(view) {
    const [wide, room] = await this.page.evaluate(() =>
      [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    this.expect(wide <= room, `${view}: ${wide} px wide in ${room} px`);
  }

  // shoot leaves a picture of the whole page, if pictures are wanted.
  async shoot(view) {
    if (!this.screenshots) return;
    await this.page.screenshot({ path: path.join(this.screenshots, `${view}.png`), fullPage: true });
  }

  // tabTo moves the focus by the Tab key alone until it is on the locator's element,
  // and holds that every stop on the way shows that it has the focus.
  async tabTo(locator, most = 40) {
    for (let i = 0; i < most; i++) {
      await this.page.keyboard.press('Tab');
      await this.focusShows();
      if (await locator.evaluate((e) => e === document.activeElement)) return;
    }
    throw new Error(`${this.page.url()}: ${most} times Tab do not reach ${locator}`);
  }

  // focusShows holds that the focused element looks different from how it looks
  // without the focus.
  async focusShows() {
    const unseen = await this.page.evaluate(() => {
      const e = document.activeElement;
      if (!e || e === document.body) return null; // the focus is in the browser's own bar
      const look = () => {
        const s = getComputedStyle(e);
        return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor,
          s.color, s.textDecoration, s.position, s.clipPath, s.transform, s.opacity].join('|');
      };
      const focused = look();
      e.blur();
      const plain = look();
      e.focus({ focusVisible: true, preventScroll: true });
      return focused === plain ? e.outerHTML.slice(0, 120) : null;
    });
    if (unseen) this.problem(`the focus does not show on ${unseen}`);
  }

  // press activates what has the focus, as a person without a mouse does, and waits
  // for the page that follows.
  async press(key, following) {
    await Promise.all([this.page.waitForURL(following), this.page.keyboard.press(key)]);
  }
}
