// `npm run docs:pages` writes the pages of docs/ that are generated from code, and the parts of
// some that are. `npm run docs` (--site) then builds the site of all pages.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands, allScripts } from '../src/cli/commands.ts';
import { flagReference } from '../src/cli/flags/reference.ts';
import { allNouns } from '../src/cli/operate/nouns.ts';
import { commandReference } from '../src/cli/operate/reference.ts';
import { withAccessReference } from './access-reference.ts';
import { apiReference } from './api/reference.ts';
import { withMetricReference } from './metric-reference.ts';
import { buildSite } from './site.ts';

const page = (name: string) => join(import.meta.dirname, '..', 'docs', name);
writeFileSync(page('http-api.md'), apiReference());
writeFileSync(page('commands.md'), commandReference(await allNouns()));
writeFileSync(page('flags.md'), flagReference([...(await allCommands()), ...(await allScripts())]));
writeFileSync(page('secure.md'), withAccessReference(readFileSync(page('secure.md'), 'utf8')));
writeFileSync(page('monitor.md'), withMetricReference(readFileSync(page('monitor.md'), 'utf8')));
if (process.argv.includes('--site')) {
  const dist = buildSite(join(import.meta.dirname, '..', 'build', 'site'));
  console.log(`The site is in ${dist}: any server of files serves it`);
}
