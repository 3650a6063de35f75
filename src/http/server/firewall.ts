// Which endpoints --firewall_rules close. A rule names an endpoint by its path, and is read once:
// the route of that endpoint is closed, however the path of a request spells it.

import { OWNER_PATH } from '../senders/connection-owner.ts';

/** Processes other than the delegate, which have the first segment of a path to themselves. */
const PROCESSES: ReadonlySet<string> = new Set([
  '__processes__',
  'files',
  'help',
  'logging',
  'metrics',
  'profiler',
  'registrar(1)',
  'system',
  'version',
]);

/** What of an endpoint says where it answers. */
interface Place {
  readonly path: string;
  readonly delegate: boolean;
}

export class Firewall {
  readonly #closed: ReadonlySet<string>;
  readonly #prefix: string;

  /**
   * Rules are read before the delegate exists, in Mesos: a rule for `/state` closes it with and
   * without prefix, one for `/master/state` closes nothing. Recorded behaviour, kept.
   */
  constructor(prefix: string, rules: readonly string[]) {
    this.#prefix = prefix;
    this.#closed = new Set(
      rules.map((rule) => {
        const path = plain(rule);
        const [first = ''] = path.slice(1).split('/', 1);
        return PROCESSES.has(first) ? path : `${prefix}${path}`;
      }),
    );
  }

  /**
   * Other processes ask whose a connection is, or messages in this one's name could be anybody's.
   */
  closes({ path, delegate }: Place): boolean {
    if (path === OWNER_PATH) {
      return false;
    }
    return this.#closed.has(delegate ? `${this.#prefix}${path}` : path);
  }
}

/** Rules that close none of these endpoints. */
export function idleRules(
  prefix: string,
  rules: readonly string[],
  endpoints: readonly Place[],
): string[] {
  return rules.filter((rule) => {
    const firewall = new Firewall(prefix, [rule]);
    return !endpoints.some((endpoint) => firewall.closes(endpoint));
  });
}

/** `/state`, for `//state/` as well. */
const plain = (path: string) => `/${path.split('/').filter(Boolean).join('/')}`;
