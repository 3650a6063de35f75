// Which page the master shows to browsers: its own, one in a folder that a flag names, or none.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Page, PageError } from '../../http/webui/page.ts';
import { FlagError } from '../flags/faults.ts';
import { whyUnreadable } from '../text-file.ts';
import type { MasterFlagValues } from './options.ts';
import { pageFolder } from './page-folder.ts';

export interface PageSettings {
  /** Undefined: browsers are shown none. */
  readonly page: Page | undefined;
  /** Lines for the log. */
  readonly warnings: readonly string[];
}

/** How the page of Mesos's master can be told from others: it is one of AngularJS. */
const OF_MESOS = /\bng-app=/;

/** Throws FlagError. */
export async function pageSettings(values: MasterFlagValues): Promise<PageSettings> {
  const folder = values.webui_dir;
  if (folder === '') {
    return { page: undefined, warnings: [] };
  }
  if (folder === pageFolder) {
    return ownPage();
  }
  try {
    if (OF_MESOS.test(readFileSync(join(folder, 'index.html'), 'utf8'))) {
      const { page, warnings } = await ownPage();
      const why = `--webui_dir: ${folder} has the page of Apache Mesos, and this master shows its own`;
      return { page, warnings: [why, ...warnings] };
    }
    return { page: await Page.read(folder), warnings: [] };
  } catch (error) {
    throw new FlagError(
      `--webui_dir expects a folder with a page (index.html, and its files in assets), ` +
        `got '${folder}' (${whyNone(error)})`,
    );
  }
}

/** A checkout whose set-up did not run has none. */
async function ownPage(): Promise<PageSettings> {
  try {
    return { page: await Page.read(pageFolder), warnings: [] };
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'There is no page for browsers: it has not been built'
        : `The page cannot be shown: ${pageFolder} (${whyNone(error)})`;
    return { page: undefined, warnings: [why] };
  }
}

const whyNone = (error: unknown) =>
  error instanceof PageError ? error.message : whyUnreadable(error);
