// `npm run bench -- SUITE [options]`: finds the suite and hands it its options.

interface Suite {
  run(options: { json: boolean; args: string[] }): void | Promise<void>;
}

const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  allocator: () => import('./allocator.ts'),
  e2e: () => import('./e2e.ts'),
  matcher: () => import('./matcher.ts'),
  wire: () => import('./wire.ts'),
};

const [name, ...args] = process.argv.slice(2);
const load = name === undefined ? undefined : SUITES[name];
if (load === undefined) {
  const complaint = name === undefined ? '' : `there is no bench suite ${name}\n`;
  process.stderr.write(
    `${complaint}usage: npm run bench -- SUITE [--json] [options]\nsuites: ${Object.keys(SUITES).join(', ')}\n`,
  );
  process.exitCode = 2;
} else {
  const suite = await load();
  try {
    await suite.run({
      json: args.includes('--json'),
      args: args.filter((arg) => arg !== '--json'),
    });
  } catch (error) {
    if (!(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error;
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 2;
  }
}
