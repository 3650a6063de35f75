// Debian's Chromium, as tests of the page drive it.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

/** The sandbox of Chromium needs a user that is not root. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({
    ...(PROGRAM === undefined ? {} : { executablePath: PROGRAM }),
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
