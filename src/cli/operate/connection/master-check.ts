// Whether it is a master that answers. Agents have some of its calls and endpoints, too, and answer
// these as if nothing were wrong: an agent that runs no tasks would pass for an empty cluster.
import type { OperatorClient } from '../../../http/client/operator-client.ts';
import { CallRefusedError } from '../../../http/client/scheduler-client.ts';
import { enumNames } from '../../../model/enum-names.ts';
import { AgentCall_Type, MasterCall_Type } from '../../../model/generated/messages.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { CommandError, EXIT } from '../outcome.ts';

const FORBIDDEN = 403;
/** What servers say to calls and paths that they do not have. */
const UNHEARD_OF: ReadonlySet<number> = new Set([400, 404, 405, 501]);

const masterCall = enumNames(MasterCall_Type);

/** Whether agents know a call of this name. */
const isOfBoth = (type: MasterCall_Type | undefined): boolean =>
  type !== undefined && Object.hasOwn(AgentCall_Type, masterCall(type) ?? '');

export class MasterCheck {
  readonly #client: Pick<OperatorClient, 'master' | 'agent'>;
  readonly #address: string;
  #done: Promise<void> | undefined;

  /** `client`: of what answers at this address. */
  constructor(client: Pick<OperatorClient, 'master' | 'agent'>, address: string) {
    this.#client = client;
    this.#address = address;
  }

  /** What is answered to a call. Rejects with CommandError where an agent answers. */
  call<T>(type: MasterCall_Type | undefined, answer: Promise<T>): Promise<T> {
    return isOfBoth(type) ? this.shared(answer) : this.told(answer);
  }

  /** The same of what agents have as well: it is found out besides who answers. */
  async shared<T>(answer: Promise<T>): Promise<T> {
    this.#done ??= this.#ask();
    const [is] = await Promise.all([this.told(answer), this.#done]);
    return is;
  }

  /** The same of what agents refuse, or answer in another form. */
  async told<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      throw isStrange(error) && (await this.#isAgent()) ? this.#noMaster() : error;
    }
  }

  async #ask(): Promise<void> {
    try {
      await this.#client.master({ type: MasterCall_Type.GET_MASTER });
    } catch (error) {
      // Whatever else is wrong, the call itself tells.
      if (isStrange(error) && (await this.#isAgent())) {
        throw this.#noMaster();
      }
    }
  }

  async #isAgent(): Promise<boolean> {
    try {
      const { get_agent } = await this.#client.agent({ type: AgentCall_Type.GET_AGENT });
      return get_agent !== undefined;
    } catch (error) {
      return error instanceof CallRefusedError && error.status === FORBIDDEN;
    }
  }

  #noMaster(): CommandError {
    return new CommandError(
      EXIT.unreachable,
      `an agent answers at ${this.#address}, and no master: ` +
        'say where the master is by --master, MESOS_MASTER or a context',
    );
  }
}

const isStrange = (error: unknown): boolean =>
  error instanceof WireError || (error instanceof CallRefusedError && UNHEARD_OF.has(error.status));
