// Who wrote what is in a package: the bill of materials of the packages of npm that are bundled
// into it, in the form of CycloneDX as npm writes it, and their licences.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);

/** Of a package that is in a bundle, as vite tells it. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  /** As SPDX names it. */
  readonly identifier: string | null;
  readonly text: string | null;
}

interface Component {
  readonly 'bom-ref': string;
  readonly [field: string]: unknown;
}

interface BillOfMaterials {
  readonly metadata: { readonly tools: unknown; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: string[] }[];
  readonly [field: string]: unknown;
}

/** Seconds since 1970: of the last commit, or what a packager has set for builds to be the same. */
export function builtAtSeconds(): number {
  const set = process.env.SOURCE_DATE_EPOCH;
  if (set !== undefined) {
    return Number(set);
  }
  try {
    const committed = execFileSync('git', ['log', '-1', '--format=%ct'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number(committed);
  } catch {
    return Math.floor(Date.now() / 1000);
  }
}

/** Throws where a package is bundled that package-lock.json does not name. */
export function billOfMaterials(licences: readonly Licence[]): string {
  // Whatever NODE_ENV is by now: to a checkout the packages of the page are for developers only.
  const list = ['sbom', '--package-lock-only', '--include=dev', '--sbom-format=cyclonedx'];
  const output = execFileSync('npm', list, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 });
  const all = JSON.parse(output) as BillOfMaterials;
  const wanted = new Set(licences.map(({ name, version }) => `${name}@${version}`));
  const components = all.components.filter((component) => wanted.has(component['bom-ref']));
  const missing = [...wanted].filter((ref) => components.every((each) => each['bom-ref'] !== ref));
  if (missing.length > 0) {
    throw new Error(`No word of ${missing.join(', ')} in package-lock.json`);
  }
  const { component } = all.metadata;
  const bill = {
    ...all,
    serialNumber: undefined,
    metadata: {
      timestamp: new Date(builtAtSeconds() * 1000).toISOString(),
      lifecycles: [{ phase: 'build' }],
      tools: all.metadata.tools,
      // npm names it by the folder of the checkout.
      component: { ...component, type: 'application', name: 'mesoscale' },
    },
    // Of a checkout some are for developers only; here they are what runs.
    components: components.map((each) => ({ ...each, scope: 'required', properties: undefined })),
    dependencies: all.dependencies
      .filter(({ ref }) => wanted.has(ref) || ref === component['bom-ref'])
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((to) => wanted.has(to)) })),
  };
  const sum = createHash('sha256').update(JSON.stringify(bill)).digest('hex');
  const serialNumber = `urn:uuid:${sum.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')}`;
  return `${JSON.stringify({ ...bill, serialNumber }, undefined, 1)}\n`;
}

/** All texts, one after the other; a package that is in several bundles has one. */
export function licenceTexts(licences: readonly Licence[]): string {
  const texts = new Map(
    licences
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(({ name, version, identifier, text }) => {
        const title = `${name} ${version} (${identifier ?? 'see below'})`;
        return [title, `${title}\n${'='.repeat(title.length)}\n\n${text?.trim() ?? ''}\n`];
      }),
  );
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `Mesoscale ${version} contains the packages below.\n\n${[...texts.values()].join('\n\n')}`;
}
