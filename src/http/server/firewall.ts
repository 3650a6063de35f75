// The endpoints that --firewall_rules close. Each rule names an endpoint by its path; the rule
// closes the route of that endpoint, however a request spells the path.

import { OWNER_PATH } from '../senders/connection-owner.ts';

/**
 * A path that begins with one of these is of another process than the delegate, or of the page,
 * which is at the top.
 */
const PROCESSES: ReadonlySet<string> = new Set([
  '',
  '__processes__',
  'assets',
  'files',
  'help',
  'logging',
  'metrics',
  'profiler',
  'registrar(1)',
  'system',
  'version',
  'webui',
]);

/** The part of an endpoint that says where it answers. */
interface Place {
  readonly path: string;
  readonly delegate: boolean;
}

export class Firewall {
  readonly #closed: ReadonlySet<string>;
  readonly #prefix: string;

  /**
   * In Mesos, rules are read before the delegate exists: a rule for `/state` closes it with and
   * without prefix, and a rule for `/master/state` closes nothing. Recorded behaviour, and kept.
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
   * The endpoint for questions about connections stays open: otherwise any process could send
   * messages in this one's name.
   */
  closes({ path, delegate }: Place): boolean {
    if (path === OWNER_PATH) {
      return false;
    }
    return this.#closed.has(delegate ? `${this.#prefix}${path}` : path);
  }
}

/** The rules that close none of these endpoints. */
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

/** Turns `//state/` into `/state`. */
const plain = (path: string) => `/${path.split('/').filter(Boolean).join('/')}`;
