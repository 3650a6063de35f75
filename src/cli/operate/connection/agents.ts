// Agents as a command reaches them: at their own addresses, or by way of the master that relays
// (`/agent/ID/…`, which masters of Apache Mesos do not have).
import type { IncomingMessage } from 'node:http';
import { AttachmentClient, type InputSender } from '../../../http/client/attachment-client.ts';
import type { OperatorClient } from '../../../http/client/operator-client.ts';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import type { Credential } from '../../../http/server/credentials.ts';
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterResponse_GetAgents_Agent as Agent,
  type AgentCall,
  AgentCall_Type,
  type AgentResponse,
  type ContainerID,
  type FileInfo,
  type ProcessIO,
} from '../../../model/generated/messages.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { credentialOf } from '../../framework/framework-session.ts';
import { type FileServer, PIECE_BYTES, type Piece } from '../files/file-server.ts';
import { CommandError, EXIT, isLate, isUnreached, lateText } from '../outcome.ts';
import type { Cluster } from './cluster.ts';
import type { AGENT_CONNECTION_FLAGS } from './flags.ts';
import { missing } from './refusals.ts';
import { agentId } from './things.ts';

export type AgentValues = FlagValues<typeof AGENT_CONNECTION_FLAGS>;

const nameOf = enumNames(AgentCall_Type);

type Call = AgentCall & { readonly type: AgentCall_Type };

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const MISSING = 404;
const BAD_GATEWAY = 502;

/** What a master says that does not know the path; other texts are an agent's, or its relay's. */
const NO_RELAY = /^404 Not Found\.?\s*$/;

export class ReachedAgent implements FileServer {
  readonly #cluster: Cluster;
  readonly #isRelayed: boolean;
  readonly #way: { readonly address: string; readonly prefix: string };
  /** As errors name it. */
  readonly who: string;
  readonly #timeoutMs: number;
  /** The master's own where it is the master that is asked. */
  readonly #credential: Credential | undefined;
  readonly #client: OperatorClient;

  /**
   * Throws CommandError where the master does not tell the agent's address, FlagError where what
   * the agent is to be told of who asks is not whole.
   */
  constructor(cluster: Cluster, agent: Agent, values: AgentValues) {
    const { via, timeout, agent_principal, agent_secret } = values;
    const id = agentId(agent);
    const [, address] = /@(.+)$/.exec(agent.pid ?? '') ?? [];
    this.#cluster = cluster;
    this.#isRelayed = via === 'master';
    this.#timeoutMs = timeout;
    this.who = `agent ${id} (${agent.agent_info.hostname})`;
    if (address === undefined && !this.#isRelayed) {
      throw new CommandError(EXIT.unreachable, `${this.who} is not connected with the master`);
    }
    this.#way = this.#isRelayed
      ? { address: cluster.address, prefix: `/agent/${encodeURIComponent(id)}` }
      : { address: address ?? '', prefix: '' };
    const own = credentialOf(agent_principal, agent_secret, 'agent_');
    this.#credential = this.#isRelayed ? cluster.credential : (own ?? cluster.credential);
    this.#client = cluster.clientOf({ ...this.#way, credential: this.#credential });
  }

  /** Rejects with CommandError. */
  call(call: Call): Promise<AgentResponse> {
    return this.#told(call.type, this.#client.agent(call));
  }

  async list(path: string): Promise<readonly FileInfo[]> {
    const type = AgentCall_Type.LIST_FILES;
    const { list_files } = await this.call({ type, list_files: { path } });
    return list_files?.file_infos ?? [];
  }

  async read(path: string, offset: number): Promise<Piece> {
    const read_file = { path, offset, length: PIECE_BYTES };
    const answer = await this.call({ type: AgentCall_Type.READ_FILE, read_file });
    return answer.read_file ?? { size: 0, data: new Uint8Array(0) };
  }

  async stream(path: string): Promise<IncomingMessage> {
    const answer = this.#client.stream(path).catch((error: unknown) => {
      // Whether it is the file or the endpoint that is not there is not told.
      throw error instanceof CallRefusedError && error.status === MISSING
        ? new CallRefusedError(MISSING, this.#nothing())
        : error;
    });
    return this.#told(AgentCall_Type.READ_FILE, answer);
  }

  /** An endpoint without a version. Rejects with CommandError. */
  get(path: string): Promise<unknown> {
    return this.#told(AgentCall_Type.LIST_FILES, this.#client.get(path));
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
    const { dialer } = this.#cluster;
    const credential = this.#credential;
    const timeoutMs = this.#timeoutMs;
    return new AttachmentClient({
      ...this.#way,
      dialer,
      credential,
      connectMs: timeoutMs,
      answerMs: timeoutMs,
    });
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
    if (error instanceof WireError) {
      return new CommandError(
        EXIT.failed,
        `what ${this.who} answers cannot be read (${error.message})`,
      );
    }
    if (!isUnreached(error)) {
      return error;
    }
    const { address } = this.#way;
    const { message } = error as Error;
    const who = this.#isRelayed
      ? `the master at ${address}, by which ${this.who} is reached,`
      : `${this.who} at ${address}`;
    const text = isLate(error)
      ? lateText(who, nameOf(type) ?? '', this.#timeoutMs)
      : `${who} does not answer (${message})`;
    const other = this.#isRelayed
      ? ''
      : '; where only the master is reached from here, say --via=master';
    return new CommandError(EXIT.unreachable, `${text}${other}`);
  }

  #nothing(): string {
    return `there is nothing of that path at ${this.who}`;
  }

  #explained(type: AgentCall_Type, { status, message }: CallRefusedError): CommandError {
    switch (status) {
      case UNAUTHORIZED:
        return new CommandError(
          EXIT.notAllowed,
          `${this.who} does not know who asks (${message.trim()}): say --principal and --secret, or use a context`,
        );
      case FORBIDDEN: {
        const asker = { agent: this.who, credential: this.#credential };
        return new CommandError(EXIT.notAllowed, missing(asker, type, message));
      }
      case MISSING:
        return this.#isRelayed && NO_RELAY.test(message)
          ? new CommandError(
              EXIT.failed,
              `the master at ${this.#way.address} relays nothing to agents: leave --via=master out`,
            )
          : new CommandError(EXIT.notFound, message.trim() || this.#nothing());
      case BAD_GATEWAY:
        return new CommandError(EXIT.unreachable, message.trim());
      default:
        return new CommandError(EXIT.failed, message.trim());
    }
  }
}
