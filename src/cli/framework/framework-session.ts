// The connection of a command that is a framework, with messages about the connection for the
// terminal.
import { userInfo } from 'node:os';
import {
  CallRefusedError,
  NO_MASTER,
  NOT_ACCEPTED,
  SchedulerClient,
  UNAUTHENTICATED,
} from '../../http/client/scheduler-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import type { Dialer } from '../../http/transport/dialer.ts';
import {
  FrameworkInfo_Capability_Type as Capability,
  type FrameworkInfo,
  type SchedulerCall,
  SchedulerCall_Type,
  type SchedulerEvent,
} from '../../model/generated/messages.ts';
import type { CommandMaster } from '../command-master.ts';
import { FlagError, readEach } from '../flags/faults.ts';

export interface SessionOptions {
  readonly master: CommandMaster;
  readonly dialer: Dialer;
  readonly codec: 'json' | 'protobuf';
  readonly framework: FrameworkInfo;
  readonly credential: Credential | undefined;
  /** Prints a line on the terminal. */
  readonly say: (text: string) => void;
  readonly onEvent: (event: SchedulerEvent) => void;
}

/** If the master has not answered by then, the terminal shows that the command waits. */
const PATIENCE_MS = 1500;
/** The time between two such lines. */
const SAY_AGAIN_MS = 30_000;
/** How long the master may take to end the framework. */
const END_MS = 5000;

export class FrameworkSession {
  readonly #client: SchedulerClient;
  readonly #say: (text: string) => void;
  #patience: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(options: SessionOptions) {
    const { master } = options;
    this.#say = options.say;
    let reason: string | undefined;
    let wasConnected = false;
    const waitToSay = (delayMs: number) => {
      clearTimeout(this.#patience);
      this.#patience = setTimeout(() => {
        const why = reason === undefined ? '' : ` (${reason})`;
        options.say(`Waiting for the master at ${master.address}${why} …`);
        waitToSay(SAY_AGAIN_MS);
      }, delayMs);
    };
    waitToSay(PATIENCE_MS);
    this.#client = new SchedulerClient({
      master: master.address,
      dialer: options.dialer,
      codec: options.codec,
      framework: options.framework,
      credential: options.credential,
      onEvent: (event) => options.onEvent(withHint(event)),
      onConnected: () => {
        wasConnected = true;
        clearTimeout(this.#patience);
      },
      onDisconnected: (why) => {
        reason = why;
        if (wasConnected && !this.#isEnding) {
          options.say(`Lost the master (${why}); trying again …`);
          waitToSay(SAY_AGAIN_MS);
        }
      },
    });
    master.follow((address) => this.#client.moveTo(address));
  }

  get frameworkId(): string {
    return this.#client.frameworkId ?? '';
  }

  /**
   * Sends a call. A call that is lost with the connection is not repeated: the reconciliation after
   * the next subscription settles what it was about.
   */
  async send(call: Omit<SchedulerCall, 'framework_id'>): Promise<void> {
    try {
      await this.#client.call(call);
    } catch (error) {
      if (error instanceof CallRefusedError) {
        this.#say(`The master refuses a call: ${error.message}`);
      }
    }
  }

  /**
   * Ends the framework and everything it still runs. A master that does not answer is not waited
   * for.
   */
  async end(): Promise<void> {
    // The master's answer is the end of the event stream.
    this.#isEnding = true;
    const late = setTimeout(() => this.close(), END_MS);
    await this.send({ type: SchedulerCall_Type.TEARDOWN });
    clearTimeout(late);
    this.close();
  }

  close(): void {
    clearTimeout(this.#patience);
    this.#client.close();
  }
}

/** Adds the flag that helps to an error. */
function withHint(event: SchedulerEvent): SchedulerEvent {
  const { message = '' } = event.error ?? {};
  return message === UNAUTHENTICATED || message.startsWith(NOT_ACCEPTED)
    ? { ...event, error: { message: `${message} (--principal=… --secret=…)` } }
    : event;
}

/** The text of an ERROR event: what the master says, or that there is none. */
export const refusal = (message: string) =>
  message.startsWith(NO_MASTER) ? message : `the master refuses: ${message}`;

/** The user who runs the command. Tasks run as the same user, unless a flag says otherwise. */
export const currentUser = (): string => userInfo().username;

export function credentialOf(
  principal: string | undefined,
  secret: string | undefined,
  prefix: '' | 'agent_' = '',
): Credential | undefined {
  if (secret === undefined) {
    return undefined;
  }
  if (principal === undefined) {
    throw new FlagError(`--${prefix}secret needs --${prefix}principal`);
  }
  return { principal, secret };
}

/** Capabilities by their names. Throws FlagError. */
export function capabilitiesOf(names: readonly string[]): { type: Capability }[] {
  return readEach([...new Set(names)], (name) => {
    const type = Capability[name as keyof typeof Capability];
    if (type === undefined || type === Capability.UNKNOWN) {
      const known = Object.keys(Capability).filter((key) => key !== 'UNKNOWN');
      throw new FlagError(`--framework_capabilities: there is no ${name}, but ${known.join(', ')}`);
    }
    return { type };
  });
}
