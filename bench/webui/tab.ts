// A tab of Chromium with the page in it: when something useful was painted, how long frames took,
// and what the tab has in memory.
import { readFileSync } from 'node:fs';
import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core';
import { quantile } from '../report.ts';

/** In the tab, before the page's own script. */
const WATCH = `
  globalThis.watched = { useful: new Map(), gaps: undefined };
  globalThis.usefulAt = (selector) => new Promise((resolve) => {
    const look = () => {
      if (document.querySelector(selector) === null) {
        requestAnimationFrame(look);
      } else {
        requestAnimationFrame(() => resolve(performance.now()));
      }
    };
    look();
  });
  globalThis.frames = () => {
    const gaps = [];
    globalThis.watched.gaps = gaps;
    let last = performance.now();
    const next = (now) => {
      gaps.push(now - last);
      last = now;
      performance.mark('frame');
      if (globalThis.watched.gaps === gaps) {
        requestAnimationFrame(next);
      }
    };
    requestAnimationFrame((now) => { last = now; requestAnimationFrame(next); });
  };
`;

export interface Frames {
  /** Milliseconds from one to the next. */
  readonly longest: number;
  readonly p99: number;
  readonly over100: number;
  /** The most that the tab's main thread has run between two frames. */
  readonly cpu: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly tdur?: number;
}

export class Tab {
  readonly page: Page;
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #session: CDPSession;

  private constructor(browser: Browser, context: BrowserContext, page: Page, session: CDPSession) {
    this.#browser = browser;
    this.#context = context;
    this.page = page;
    this.#session = session;
  }

  /** One that has nothing of the page in a cache. */
  static async open(browser: Browser): Promise<Tab> {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.setDefaultTimeout(180_000);
    await page.addInitScript(WATCH);
    return new Tab(browser, context, page, await context.newCDPSession(page));
  }

  /** Milliseconds until what the selector names was painted, from when the URL was asked for. */
  async painted(url: string, selector: string): Promise<number> {
    await this.page.goto(url, { waitUntil: 'commit' });
    return this.useful(selector);
  }

  /** When it was painted, in milliseconds of the page's own time. */
  useful(selector: string): Promise<number> {
    return this.page.evaluate(`usefulAt(${JSON.stringify(selector)})`);
  }

  /** Compressed bytes of all scripts that the page has asked for. */
  scriptBytes(): Promise<number> {
    return this.page.evaluate(`performance.getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)`);
  }

  /** What its frames were like while something was done. */
  async frames(during: () => Promise<void>): Promise<Frames> {
    await this.#browser.startTracing(this.page, { categories: ['toplevel', 'blink.user_timing'] });
    await this.page.evaluate('frames()');
    await during();
    const gaps = await this.page.evaluate<number[]>(
      '(() => { const { gaps } = watched; watched.gaps = undefined; return gaps; })()',
    );
    const trace = JSON.parse((await this.#browser.stopTracing()).toString()) as {
      readonly traceEvents: readonly TraceEvent[];
    };
    const sorted = gaps.toSorted((a, b) => a - b);
    return {
      longest: sorted.at(-1) ?? 0,
      p99: quantile(sorted, 0.99),
      over100: sorted.filter((ms) => ms > 100).length,
      cpu: mostBetweenFrames(trace.traceEvents),
    };
  }

  /** Megabytes: of objects and buffers that are in use, and of its process. */
  async memory(): Promise<{ readonly used: number; readonly process: number }> {
    await this.#session.send('HeapProfiler.collectGarbage');
    const usage = (await this.#session.send('Runtime.getHeapUsage')) as {
      readonly usedSize: number;
      readonly backingStorageSize?: number;
    };
    const used = (usage.usedSize + (usage.backingStorageSize ?? 0)) / 1e6;
    return { used, process: await this.#processMegabytes() };
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  /** Private memory of the largest renderer, which is the one of this page. */
  async #processMegabytes(): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    const sizes = processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) => privateMegabytes(id));
    return Math.max(0, ...sizes);
  }
}

function privateMegabytes(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Milliseconds of the thread that marks frames. */
function mostBetweenFrames(events: readonly TraceEvent[]): number {
  const mark = events.find(({ name }) => name === 'frame');
  const own = events
    .filter(({ pid, tid }) => pid === mark?.pid && tid === mark.tid)
    .toSorted((a, b) => a.ts - b.ts);
  let most = 0;
  let sum = 0;
  for (const { name, ph, tdur = 0 } of own) {
    if (name === 'frame') {
      most = Math.max(most, sum);
      sum = 0;
    } else if (ph === 'X' && name === 'ThreadControllerImpl::RunTask') {
      sum += tdur / 1000;
    }
  }
  return most;
}
