// Agents as a command reaches them: at their own addresses, or by way of the master that relays
// (`/agent/ID/…`, which masters of Apache Mesos do not have).
import type { IncomingMessage } from 'node:http';
import { AttachmentClient, type InputSender } from '../../../http/client/attachment-client.ts';
import type { OperatorClient } from '../../../http/client/operator-client.ts';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type AgentCall,
  AgentCall_Type,
  type AgentResponse,
  type ContainerID,
  type ProcessIO,
} from '../../../model/generated/messages.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { CommandError, EXIT, isUnreached } from '../outcome.ts';
import type { Cluster } from './cluster.ts';
import type { AGENT_CONNECTION_FLAGS } from './flags.ts';
import { missing } from './refusals.ts';
import { agentId } from './things.ts';

export type AgentValues = FlagValues<typeof AGENT_CONNECTION_FLAGS>;

type Call = AgentCall & { readonly type: AgentCall_Type };

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const MISSING = 404;
const BAD_GATEWAY = 502;

/** What a master says that does not know the path; other texts are an agent's, or its relay's. */
const NO_RELAY = /^(?:404 Not Found\.?)?\s*$/;

export class ReachedAgent {
  readonly #cluster: Cluster;
  readonly #isRelayed: boolean;
  readonly #way: { readonly address: string; readonly prefix: string };
  readonly #who: string;
  readonly #timeoutMs: number;
  readonly #client: OperatorClient;

  /** Throws CommandError where the master does not tell the agent's address. */
  constructor(cluster: Cluster, agent: Agent, { via, timeout }: AgentValues) {
    const id = agentId(agent);
    const [, address] = /@(.+)$/.exec(agent.pid ?? '') ?? [];
    this.#cluster = cluster;
    this.#isRelayed = via === 'master';
    this.#timeoutMs = timeout;
    this.#who = `agent ${id} (${agent.agent_info.hostname})`;
    if (address === undefined && !this.#isRelayed) {
      throw new CommandError(EXIT.unreachable, `${this.#who} is not connected with the master`);
    }
    this.#way = this.#isRelayed
      ? { address: cluster.address, prefix: `/agent/${encodeURIComponent(id)}` }
      : { address: address ?? '', prefix: '' };
    this.#client = cluster.clientOf(this.#way);
  }

  /** Rejects with CommandError. */
  call(call: Call): Promise<AgentResponse> {
    return this.#told(call.type, this.#client.agent(call));
  }

  /** For a call that answers when something has happened. Rejects with CommandError. */
  callWithoutDeadline(call: Call): Promise<AgentResponse> {
    const client = this.#cluster.clientOf({ ...this.#way, timeoutMs: 0 });
    return this.#told(call.type, client.agent(call));
  }

  /** The body of an answer to GET, as it comes. Rejects with CommandError. */
  stream(path: string): Promise<IncomingMessage> {
    return this.#told(AgentCall_Type.READ_FILE, this.#client.stream(path));
  }

  /** Rejects with CommandError; so does reading on, where the connection breaks. */
  async output(call: Call): Promise<AsyncIterable<ProcessIO>> {
    return this.#toldOn(call.type, await this.#told(call.type, this.#attachment().output(call)));
  }

  /** `onRefused` is called with words where the agent takes no (more) input. */
  input(container: ContainerID, onRefused: (why: string) => void): InputSender {
    const type = AgentCall_Type.ATTACH_CONTAINER_INPUT;
    return this.#attachment().input(container, (refusal) =>
      onRefused(this.#explained(type, refusal).message),
    );
  }

  #attachment(): AttachmentClient {
    const { dialer, credential } = this.#cluster;
    return new AttachmentClient({ ...this.#way, dialer, credential, connectMs: this.#timeoutMs });
  }

  async *#toldOn(
    type: AgentCall_Type,
    output: AsyncIterable<ProcessIO>,
  ): AsyncGenerator<ProcessIO> {
    try {
      yield* output;
    } catch (error) {
      throw this.#asCommandError(type, error);
    }
  }

  async #told<T>(type: AgentCall_Type, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw this.#asCommandError(type, error);
    }
  }

  #asCommandError(type: AgentCall_Type, error: unknown): unknown {
    if (error instanceof CallRefusedError) {
      return this.#explained(type, error);
    }
    if (!isUnreached(error)) {
      return error;
    }
    const { address } = this.#way;
    const { message } = error as Error;
    return new CommandError(
      EXIT.unreachable,
      this.#isRelayed
        ? `the master at ${address}, by which ${this.#who} is reached, does not answer (${message})`
        : `${this.#who} does not answer at ${address} (${message}); where only the master is reached from here, say --via=master`,
    );
  }

  #explained(type: AgentCall_Type, { status, message }: CallRefusedError): CommandError {
    switch (status) {
      case UNAUTHORIZED:
        return new CommandError(
          EXIT.notAllowed,
          `${this.#who} does not know who asks (${message.trim()}): say --principal and --secret, or use a context`,
        );
      case FORBIDDEN: {
        const asker = { agent: this.#who, credential: this.#cluster.credential };
        return new CommandError(EXIT.notAllowed, missing(asker, type, message));
      }
      case MISSING:
        return this.#isRelayed && NO_RELAY.test(message)
          ? new CommandError(
              EXIT.failed,
              `the master at ${this.#way.address} relays nothing to agents: leave --via=master out`,
            )
          : new CommandError(EXIT.notFound, message.trim());
      case BAD_GATEWAY:
        return new CommandError(EXIT.unreachable, message.trim());
      default:
        return new CommandError(EXIT.failed, message.trim());
    }
  }
}
