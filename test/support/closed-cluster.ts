// Everything on: the files with which programs of tests make a closed cluster, as `mesoscale secure
// init` makes them (docs/secure.md), the variables that put all of it on, and how a test itself is
// let in. TLS with certificates on both ends, agents by CRAM-MD5, operators and frameworks by their
// secrets, executors by tokens, and lists that allow what has a rule, and nothing else.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { listsText, parseLists, withRules } from '../../src/cli/secure/access-lists.ts';
import { makeClusterFolder, type Principal } from '../../src/cli/secure/cluster-folder.ts';
import { hostFiles, layoutOf, principalFiles } from '../../src/cli/secure/layout.ts';
import { type PrincipalKind, type Rules, rulesOf } from '../../src/cli/secure/principals.ts';

/** Where programs of tests listen: the loopback, and networks and machines of their own. */
const HOST = [
  ...(['localhost', '127.0.0.1', '192.0.2.1', '172.30.9.1'] as const),
  ...[10, 11, 12, 13].map((number) => `10.99.0.${number}`),
] as const;
const REACH = { roles: ['ANY'], users: ['ANY'] };
const DAYS = 2;
/** The variable that names the folder, for all processes of a test. */
const FOLDER = 'MESOSCALE_CLOSED_FOLDER';

const ANY = { type: 'ANY' } as const;
/**
 * What tests do beyond what is usual for a kind of principal: agents have reserved resources;
 * frameworks use what others have reserved, and ask for images.
 */
function moreRules(frameworks: readonly string[]): readonly Rules[] {
  const principals = { values: frameworks };
  return [
    { reserve_resources: { principals: { values: ['agent'] }, roles: ANY } },
    { unreserve_resources: { principals, reserver_principals: ANY } },
    { destroy_volumes: { principals, creator_principals: ANY } },
    { prune_images: { principals, images: ANY } },
  ];
}

const operatorRules = (principal: string) => rulesOf('operator', principal, REACH);
const readText = (file: string) => readFileSync(file, 'utf8');

/** How a request comes in: which certificate it shows and which it believes, and who sends it. */
export interface Access {
  /** Paths. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** principal:secret. */
  readonly login?: string;
}

export class ClosedCluster {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Makes the folder, which must not be there. `others` may do all that those of tests may. */
  static async make(folder: string, others: readonly string[] = []): Promise<ClosedCluster> {
    const kinds: readonly PrincipalKind[] = ['agent', 'framework', 'operator'];
    const principals: readonly Principal[] = [
      ...kinds.map((kind) => ({ kind, name: kind, reach: REACH })),
      ...others.map((name) => ({ kind: 'framework' as const, name, reach: REACH })),
    ];
    const terms = { days: DAYS, installed: folder };
    await makeClusterFolder(folder, { machines: [HOST], principals }, terms);
    const { acls } = layoutOf(folder);
    const more = [...moreRules(['framework', ...others]), ...others.map(operatorRules)];
    writeFileSync(acls, listsText(more.reduce(withRules, parseLists(acls, readText(acls)))));
    return new ClosedCluster(folder);
  }

  /** What masters, agents and commands of a test are started with: one environment for all. */
  get environment(): Readonly<Record<string, string>> {
    const layout = layoutOf(this.folder);
    const files = [
      principalFiles(layout.principal('framework')).environment,
      principalFiles(layout.principal('agent')).environment,
      layout.masterEnvironment,
      hostFiles(layout.host(HOST[0])).environment,
    ];
    const all = files.map((file) => parseEnv(readText(file)));
    // A master has no tokens, and an agent takes them without being told.
    const { MESOS_HTTP_AUTHENTICATORS: _, ...variables } = Object.assign({}, ...all);
    return { ...variables, [FOLDER]: this.folder };
  }

  /** Of the principal, if there is one of this name, and otherwise of who asks for such a path. */
  access(path: string, principal = ''): Access {
    const { authority, principal: folderOf } = layoutOf(this.folder);
    const usual = path.includes('/api/v1/scheduler') ? 'framework' : 'operator';
    const name = principal !== '' && existsSync(folderOf(principal)) ? principal : usual;
    const { certificate, key, secret } = principalFiles(folderOf(name));
    const login = `${name}:${readText(secret)}`;
    return { authority: authority.certificate, certificate, key, login };
  }

  /** The file with which agents sign tokens. */
  get executorKey(): string {
    return layoutOf(this.folder).executorKey;
  }
}

/** That of this process, if everything is on. */
export function closedCluster(): ClosedCluster | undefined {
  const folder = process.env[FOLDER];
  return folder === undefined ? undefined : new ClosedCluster(folder);
}
