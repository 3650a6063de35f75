// Who sends a request that is forwarded: who has opened the stream that it belongs to, the
// principal that its message names, or whoever sends such requests.
import { readFileSync } from 'node:fs';
import { signToken } from '../../src/http/server/json-web-token.ts';
import type { ClosedCluster } from './closed-cluster.ts';
import type { ForwardedRequest } from './forwarded-request.ts';
import { ask } from './requests.ts';

/** In JSON, and in forms. */
const NAMED = /(?:"|%22)principal(?:"|%22)(?:\s|%20)*(?::|%3A)(?:\s|%20)*(?:"|%22)([\w.-]+)/;
const STREAM = /^mesos-stream-id: *(\S+)\r$/im;

interface Container {
  readonly container_id: string;
  readonly executor_id: string;
  readonly framework_id: string;
}

export class ForwardedCallers {
  readonly #closed: ClosedCluster;
  readonly #target: string;
  /** The headers of those who have subscribed, by their streams. */
  readonly #ofStreams = new Map<string, string>();

  /** `target`: host and port of the master or agent that is asked. */
  constructor(closed: ClosedCluster, target: string) {
    this.#closed = closed;
    this.#target = target;
  }

  /** The header. */
  async authorizationOf(request: ForwardedRequest): Promise<string> {
    const text = request.body.toString();
    if (request.path.includes('/api/v1/executor')) {
      return `Bearer ${await this.#token(text)}`;
    }
    const stream = request.header('mesos-stream-id');
    const known = stream && this.#ofStreams.get(stream);
    if (known) {
      return known;
    }
    const { login = '' } = this.#closed.access(request.path, NAMED.exec(text)?.[1]);
    return `Basic ${Buffer.from(login).toString('base64')}`;
  }

  /** From the head of an answer. */
  learn(head: string, authorization: string | undefined): void {
    const stream = STREAM.exec(head)?.[1];
    if (stream !== undefined && authorization !== undefined) {
      this.#ofStreams.set(stream, authorization);
    }
  }

  /** As the agent has given it to the executor that the call is of, if there is one. */
  async #token(call: string): Promise<string> {
    const named = (field: string) =>
      new RegExp(`"${field}":\\s*\\{"value":"([^"]*)"\\}`).exec(call)?.[1] ?? '';
    const [fid, eid] = [named('framework_id'), named('executor_id')];
    const answer = await ask(this.#target, '/containers');
    const containers = (await answer.json()) as readonly Container[];
    const its = containers.find((it) => it.framework_id === fid && it.executor_id === eid);
    const claims = { fid, eid, cid: its?.container_id ?? '' };
    return signToken(claims, readFileSync(this.#closed.executorKey));
  }
}
