// The standard input of this command as that of a container: bytes as they are typed, the size of
// the window, the keys that leave it.
import type { InputSender } from '../../../http/client/attachment-client.ts';
import {
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
} from '../../../model/generated/messages.ts';

/** Ctrl-P and Ctrl-Q, as with Mesos's and docker's commands. */
const DETACH = Buffer.from([0x10, 0x11]);
/** Agents, relays and what is between them end connections that are silent for long. */
const HEARTBEAT_MS = 30_000;

export interface InputOptions {
  readonly sender: InputSender;
  /** The container has a terminal: this one's keys and size are passed on. */
  readonly isTerminal: boolean;
  /** Absent where the keys that leave are for the container. */
  readonly onDetach?: (() => void) | undefined;
}

export const windowSize = () => ({
  rows: process.stdout.rows ?? 0,
  columns: process.stdout.columns ?? 0,
});

const stdin = (data: Uint8Array): ProcessIO => ({
  type: ProcessIO_Type.DATA,
  data: { type: ProcessIO_Data_Type.STDIN, data },
});

export const END_OF_INPUT = stdin(new Uint8Array(0));

const HEARTBEAT: ProcessIO = {
  type: ProcessIO_Type.CONTROL,
  control: { type: ProcessIO_Control_Type.HEARTBEAT },
};

/** Shows that this side is there, until the returned function is called. */
export function keepAlive(sender: InputSender): () => void {
  const timer = setInterval(() => sender.send(HEARTBEAT), HEARTBEAT_MS).unref();
  return () => clearInterval(timer);
}

/** Passes on until the returned function is called, which puts the terminal back. */
export function passInput({ sender, isTerminal, onDetach }: InputOptions): () => void {
  const { stdin: input, stdout } = process;
  const isRaw = isTerminal && input.isTTY === true;
  const resized = () =>
    sender.send({
      type: ProcessIO_Type.CONTROL,
      control: {
        type: ProcessIO_Control_Type.TTY_INFO,
        tty_info: { window_size: windowSize() },
      },
    });
  if (isRaw) {
    input.setRawMode(true);
    stdout.on('resize', resized);
    resized();
  }
  const detaching = isRaw && onDetach !== undefined ? new KeySequence(DETACH) : undefined;
  const take = (data: Buffer) => {
    const rest = detaching === undefined ? data : detaching.take(data);
    if (rest === undefined) {
      onDetach?.();
    } else if (rest.length > 0 && !sender.send(stdin(rest))) {
      input.pause();
    }
  };
  const end = () => {
    sender.send(END_OF_INPUT);
    sender.end();
  };
  let isPassed = true;
  // A terminal that is gone, or not this program's; afterwards nobody waits for it.
  const failed = ({ code, message }: NodeJS.ErrnoException) => {
    if (isPassed) {
      process.stderr.write(`standard input cannot be read (${code ?? message})\n`);
      end();
    }
  };
  sender.onDrain(() => input.resume());
  input.on('data', take).once('end', end).on('error', failed);
  return () => {
    input.off('data', take).off('end', end).pause();
    isPassed = false;
    stdout.off('resize', resized);
    if (isRaw) {
      input.setRawMode(false);
    }
    sender.end();
  };
}

/** Finds keys in what is typed, however it comes in pieces. */
export class KeySequence {
  readonly #keys: Buffer;
  #seen = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What is no part of the keys; undefined where all of them have come. */
  take(data: Buffer): Buffer | undefined {
    const passed: number[] = [];
    for (const byte of data) {
      if (byte !== this.#keys[this.#seen]) {
        // Those before were meant for the container.
        passed.push(...this.#keys.subarray(0, this.#seen));
        this.#seen = 0;
      }
      if (byte !== this.#keys[this.#seen]) {
        passed.push(byte);
      } else if (++this.#seen === this.#keys.length) {
        this.#seen = 0;
        return undefined;
      }
    }
    return Buffer.from(passed);
  }
}
