// The cluster that a command speaks to: its leading master, and its agents.
import type { IncomingMessage } from 'node:http';
import {
  OperatorClient,
  type OperatorClientOptions,
} from '../../../http/client/operator-client.ts';
import { OperatorStream } from '../../../http/client/operator-stream.ts';
import type { Credential } from '../../../http/server/credentials.ts';
import type { Dialer } from '../../../http/transport/dialer.ts';
import { enumNames } from '../../../model/enum-names.ts';
import {
  type MasterCall,
  MasterCall_Type,
  type MasterEvent,
  type MasterResponse,
} from '../../../model/generated/messages.ts';
import { findLeader } from '../../command-master.ts';
import type { FlagValues } from '../../flags/flag.ts';
import { credentialOf } from '../../framework/framework-session.ts';
import { readMasterFlag } from '../../master-flag.ts';
import { clientCarriers } from '../../process/carriers.ts';
import { CommandError, EXIT, isLate, isUnreached, lateText } from '../outcome.ts';
import type { CONNECTION_FLAGS } from './flags.ts';
import { MasterCheck } from './master-check.ts';

const nameOf = enumNames(MasterCall_Type);

export type ConnectionValues = FlagValues<typeof CONNECTION_FLAGS>;

export class Cluster {
  /** The leading master's `ip:port`. */
  readonly address: string;
  /** The same for people, with the context that has led there. */
  readonly where: string;
  readonly dialer: Dialer;
  readonly credential: Credential | undefined;
  readonly #values: ConnectionValues;
  readonly #master: OperatorClient;
  readonly #check: MasterCheck;

  private constructor(
    values: ConnectionValues,
    way: Pick<Cluster, 'address' | 'dialer' | 'credential'>,
  ) {
    this.#values = values;
    this.address = way.address;
    this.where =
      values.context === undefined ? way.address : `${way.address} (context ${values.context})`;
    this.dialer = way.dialer;
    this.credential = way.credential;
    this.#master = this.clientOf({ address: way.address });
    this.#check = new MasterCheck(this.#master, way.address);
  }

  /** Finds the leading master. Rejects with FlagError or an error of the world. */
  static async of(values: ConnectionValues): Promise<Cluster> {
    const { master } = values;
    const place = await readMasterFlag(master);
    const credential = credentialOf(values.principal, values.secret);
    const carriers = await clientCarriers(values, process.env, { name: 'master', text: master });
    const say = (text: string) => void process.stderr.write(`${text}\n`);
    const { address, close } = await findLeader(place, carriers, say, values.timeout);
    close();
    return new Cluster(values, { address, dialer: carriers.dialer, credential });
  }

  /**
   * Calls the leading master. Rejects with CallRefusedError where it refuses, and with CommandError
   * where no master answers.
   */
  master(call: MasterCall): Promise<MasterResponse> {
    const what = nameOf(call.type ?? MasterCall_Type.UNKNOWN) ?? '';
    return this.#reached(what, this.#check.call(call.type, this.#master.master(call)));
  }

  /** Reads an endpoint without a version, such as `/metrics/snapshot`. */
  get(path: string): Promise<unknown> {
    return this.#reached(path, this.#check.shared(this.#master.get(path)));
  }

  /** What happens from now on. Rejects with CallRefusedError where the master refuses. */
  async *events(): AsyncGenerator<MasterEvent> {
    const { address, dialer, credential } = this;
    const { timeout: timeoutMs } = this.#values;
    const stream = new OperatorStream({ address, dialer, credential, timeoutMs }).events();
    try {
      for (let isFirst = true; ; isFirst = false) {
        // Once there was one, its end is another story.
        const { done, value } = await (isFirst
          ? this.#reached('SUBSCRIBE', this.#check.told(stream.next()))
          : stream.next());
        if (done) {
          return;
        }
        yield value;
      }
    } finally {
      await stream.return(undefined);
    }
  }

  /** The body of an answer to GET, as it comes. */
  stream(path: string): Promise<IncomingMessage> {
    return this.#reached(path, this.#check.shared(this.#master.stream(path)));
  }

  /** A client of a server of this cluster, with this command's credential or another. */
  clientOf(
    way: Pick<OperatorClientOptions, 'address' | 'prefix' | 'timeoutMs' | 'credential'>,
  ): OperatorClient {
    const { dialer, credential } = this;
    return new OperatorClient({ timeoutMs: this.#values.timeout, dialer, credential, ...way });
  }

  /** `what`: the call or path that is asked for. */
  async #reached<T>(what: string, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (isLate(error)) {
        const { timeout } = this.#values;
        const who = `the master at ${this.address}`;
        throw new CommandError(EXIT.unreachable, lateText(who, what, timeout));
      }
      if (isUnreached(error)) {
        throw new CommandError(
          EXIT.unreachable,
          `no master answers at ${this.address} (${(error as Error).message}): ` +
            'say where it is by --master, MESOS_MASTER or a context',
        );
      }
      throw error;
    }
  }
}
