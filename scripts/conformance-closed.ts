// Recorded exchanges with everything on: the files of the cluster, with the principals that scripts
// name, and which differences are no others than that there is a principal.
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClosedCluster } from '../test/support/closed-cluster.ts';

/** Makes the files, in the folder `closed`, for the scripts below the other one. */
export async function makeClosed(closed: string, scripts: string): Promise<void> {
  const named = globSync(join(scripts, '**/*.json'))
    .flatMap((file) => readFileSync(file, 'utf8').match(/(?<="principal": *")[^"]+(?=")/g) ?? [])
    .toSorted();
  const { environment } = await ClosedCluster.make(closed, [...new Set(named)]);
  // No script has an executor that speaks, and some look at the variables of their tasks.
  const { MESOS_EXECUTOR_ENVIRONMENT_VARIABLES: _, ...variables } = environment;
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(closed, 'environment'), lines.join(''), { mode: 0o600 });
}

/** What the runner says of a script. */
interface Result {
  readonly name: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly diffs: readonly { readonly path: string; readonly want?: unknown }[];
}

/** From the runner's file of results. Of scripts that were tried again, the last counts. */
export function summaryOf(file: string): { readonly text: string; readonly isAsRecorded: boolean } {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const all = new Map<string, Result>();
  for (const line of lines.filter(Boolean)) {
    const result: Result = JSON.parse(line);
    all.set(result.name, result);
  }
  const results = [...all.values()];
  const differing = results.filter(({ ok }) => !ok);
  const others = differing.filter((result) => !hasOnlyPrincipals(result));
  const counts = [
    `${results.length - differing.length} as recorded`,
    `${differing.length - others.length} but for a principal that is shown`,
    `${others.length} otherwise`,
  ];
  return {
    text: [`${results.length} scripts: ${counts.join(', ')}`, ...others.map(lineOf)].join('\n'),
    isAsRecorded: results.length > 0 && others.length === 0,
  };
}

const lineOf = ({ name, error }: Result) => `  ${name}${error === undefined ? '' : `: ${error}`}`;

const hasOnlyPrincipals = ({ error, diffs }: Result) =>
  error === undefined &&
  diffs.every(({ path, want }) => want === undefined && path.endsWith('.principal'));
