// `npm run bench -- SUITE [options]`: finds the suite and hands it its options.

import '../src/cli/process/output-errors.ts';
import { UsageError } from './arguments.ts';

interface Suite {
  /** The text of --help. */
  readonly USAGE: string;
  run(options: { json: boolean; args: string[] }): void | Promise<void>;
}

const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  allocator: () => import('./allocator.ts'),
  containers: () => import('./containers.ts'),
  e2e: () => import('./e2e.ts'),
  failover: () => import('./failover.ts'),
  http: () => import('./http.ts'),
  images: () => import('./images.ts'),
  matcher: () => import('./matcher.ts'),
  networks: () => import('./networks.ts'),
  parts: () => import('./parts.ts'),
  pull: () => import('./pull.ts'),
  registry: () => import('./registry.ts'),
  webui: () => import('./webui.ts'),
  wire: () => import('./wire.ts'),
};

const HELP = new Set(['--help', '-h']);

const [name, ...args] = process.argv.slice(2);
const load = name === undefined ? undefined : SUITES[name];
if (load === undefined) {
  const complaint = name === undefined ? '' : `there is no bench suite ${name}\n`;
  const isHelp = HELP.has(name ?? '');
  (isHelp ? process.stdout : process.stderr).write(
    `${isHelp ? '' : complaint}usage: npm run bench -- SUITE [--json] [options], or SUITE --help\nsuites: ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exitCode = isHelp ? 0 : 2;
} else {
  const suite = await load();
  if (args.some((arg) => HELP.has(arg))) {
    process.stdout.write(`${suite.USAGE}\n`);
  } else {
    await run(suite);
  }
}

async function run(suite: Suite): Promise<void> {
  try {
    await suite.run({
      json: args.includes('--json'),
      args: args.filter((arg) => arg !== '--json'),
    });
  } catch (error) {
    const { code } = error as { code?: string };
    if (!(error instanceof UsageError) && !code?.startsWith('ERR_PARSE_ARGS')) {
      throw error;
    }
    process.stderr.write(`${name}: ${(error as Error).message}\n${suite.USAGE}\n`);
    process.exitCode = 2;
  }
}
