// A terminal between a browser's WebSocket and a container of an agent. What is typed goes to the
// agent as records, and its records come back as they are: neither side is read faster than the
// other one takes it.
//
// Of the browser: binary messages are input, text is a new size of the window,
// {"rows", "columns"}, or {"taken"}, how many bytes of output it has shown, where the query has a
// `window` for these. To the browser: binary messages are output. Text is {"container_id"} once it
// is there, before which no input counts, and at the end {"exit_status"} (of a command, as wait
// tells it), {"error"}, with the {"status"} of an agent that refuses, or {} where the container has
// ended that it was attached to or beside.
import type { WebSocket } from 'ws';
import { containerIdOf } from '../../model/container-id.ts';
import {
  AgentCall_Type,
  type ProcessIO,
  ProcessIO_Control_Type,
  ProcessIO_Data_Type,
  ProcessIO_Type,
} from '../../model/generated/messages.ts';
import { AttachmentClient, type InputSender } from '../client/attachment-client.ts';
import { CallRefusedError } from '../client/scheduler-client.ts';
import type { Dialer } from '../transport/dialer.ts';
import { OutputWindow } from './output-window.ts';
import { messageIn, type TerminalRequest, type WindowSize } from './terminal-request.ts';

export interface TerminalOptions {
  readonly address: string;
  readonly dialer: Dialer;
  /** Of each request to the agent, made when it leaves. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Says what a refusal of the agent means. */
  readonly explain: (refusal: CallRefusedError) => string;
  readonly pace: (bytes: number) => Promise<void>;
  /** How often each side shows that it is there: to the browser, and to the agent. */
  readonly heartbeatMs: number;
}

/** Codes of the end of a WebSocket (RFC 6455, section 7.4.1). */
const NORMAL = 1_000;
const POLICY = 1_008;
const FAILED = 1_011;

const NOT_FOUND = 404;

/** Lasts as long as the terminal. */
export async function runTerminal(
  socket: WebSocket,
  request: TerminalRequest,
  options: TerminalOptions,
): Promise<void> {
  const gone = new AbortController();
  // An error is followed by a close.
  socket.on('error', () => undefined);
  const window = new OutputWindow(request.window);
  socket.once('close', () => {
    gone.abort();
    window.lift();
  });
  const stopBeating = beat(socket, options.heartbeatMs);
  const { address, dialer, headers, pace } = options;
  const client = new AttachmentClient({ address, dialer, headers, pace, signal: gone.signal });
  const refused = (refusal: CallRefusedError) =>
    refuseTerminal(socket, { error: options.explain(refusal), status: refusal.status });
  let input: Input | undefined;
  try {
    const output = await client.output(request.call);
    tell(socket, { container_id: containerIdOf(request.container) });
    const sender = client.input(request.container, refused);
    input = new Input(socket, window, sender, options.heartbeatMs);
    for await (const { data } of output) {
      if (data?.data !== undefined && data.data.length > 0) {
        await window.room();
        window.sent(data.data.length);
        await sent(socket, data.data);
      }
    }
    end(socket, request.isSession ? await outcome(client, request) : {}, NORMAL);
  } catch (error) {
    if (error instanceof CallRefusedError) {
      refused(error);
    } else {
      end(socket, { error: `The agent is lost: ${(error as Error).message}` }, FAILED);
    }
  } finally {
    input?.close();
    stopBeating();
    // What is open to the agent ends with this: a command that nobody sees is ended there.
    gone.abort();
  }
}

/** How a command has ended; the agent then forgets it. */
async function outcome(client: AttachmentClient, { container }: TerminalRequest): Promise<object> {
  const waiting = client.ask({
    type: AgentCall_Type.WAIT_NESTED_CONTAINER,
    wait_nested_container: { container_id: container },
  });
  const answer = await unlessForgotten(waiting);
  if (answer === undefined) {
    return {};
  }
  const removing = client.ask({
    type: AgentCall_Type.REMOVE_NESTED_CONTAINER,
    remove_nested_container: { container_id: container },
  });
  await unlessForgotten(removing);
  const { exit_status = null, message } = answer.wait_nested_container ?? {};
  return { exit_status, message };
}

/** An agent forgets commands with the container that they were beside. */
const unlessForgotten = <T>(answer: Promise<T>) =>
  answer.catch((error: Error) => {
    if (error instanceof CallRefusedError && error.status === NOT_FOUND) {
      return undefined;
    }
    throw error;
  });

/** What is typed, as it goes to the agent. */
class Input {
  readonly #sender: InputSender;
  readonly #timer: NodeJS.Timeout;

  constructor(socket: WebSocket, window: OutputWindow, sender: InputSender, heartbeatMs: number) {
    this.#sender = sender;
    sender.onDrain(() => {
      socket.resume();
      if (socket.readyState === socket.OPEN) {
        window.hold();
      }
    });
    const give = (io: ProcessIO) => {
      if (!sender.send(io)) {
        socket.pause();
        window.lift();
      }
    };
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? undefined : messageIn(data.toString());
      if (isBinary) {
        give(stdin(data));
      } else if (message === undefined) {
        const error = 'Expecting a text to be {"rows": …, "columns": …} or {"taken": …}';
        refuseTerminal(socket, { error });
      } else if ('taken' in message) {
        window.taken(message.taken);
      } else {
        give(windowOf(message.size));
      }
    });
    this.#timer = setInterval(() => sender.send(HEARTBEAT), heartbeatMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#sender.end();
  }
}

const stdin = (data: Uint8Array): ProcessIO => ({
  type: ProcessIO_Type.DATA,
  data: { type: ProcessIO_Data_Type.STDIN, data },
});

const windowOf = (window_size: WindowSize): ProcessIO => ({
  type: ProcessIO_Type.CONTROL,
  control: { type: ProcessIO_Control_Type.TTY_INFO, tty_info: { window_size } },
});

const HEARTBEAT: ProcessIO = {
  type: ProcessIO_Type.CONTROL,
  control: { type: ProcessIO_Control_Type.HEARTBEAT },
};

const tell = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message));

/** Ends it with words that say why. */
export const refuseTerminal = (socket: WebSocket, message: object) => end(socket, message, POLICY);

function end(socket: WebSocket, message: object, code: number): void {
  if (socket.readyState === socket.OPEN) {
    tell(socket, message);
    socket.close(code);
  }
}

/** Resolves when the system has taken it. */
const sent = (socket: WebSocket, data: Uint8Array) =>
  new Promise<void>((resolve, reject) =>
    socket.send(data, (error) => (error ? reject(error) : resolve())),
  );

/** Ends a connection whose other side is read, and shows no sign of life between two heartbeats. */
function beat(socket: WebSocket, everyMs: number): () => void {
  let isAlive = true;
  const lives = () => {
    isAlive = true;
  };
  // A pong comes behind all that was pasted before.
  socket.on('pong', lives).on('message', lives);
  const timer = setInterval(() => {
    // What it says is not read while the agent takes no more of what was typed.
    if (!isAlive && !socket.isPaused) {
      socket.terminate();
      return;
    }
    isAlive = socket.isPaused;
    socket.ping();
  }, everyMs).unref();
  return () => clearInterval(timer);
}
