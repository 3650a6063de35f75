// A terminal at the other end of a WebSocket: the master hands on what an agent says and is told.
import { agentCall, RequestFailure } from './requests.ts';

export interface TerminalTarget {
  readonly agent: string;
  /** The ids of a container and those above it, with dots between them. */
  readonly container: string;
  /** `exec` begins a command beside it; `attach` is the container's own terminal. */
  readonly mode: 'exec' | 'attach';
  /** Of `exec`; a shell where it is empty. */
  readonly command: string;
  /** Of `exec`; the container's own where it is empty. */
  readonly user: string;
}

/** `status` of a refusal is that of the agent's answer. */
export type TerminalEnd =
  | { readonly kind: 'exit'; readonly status: number | null; readonly message: string | undefined }
  | { readonly kind: 'containerEnded' }
  | { readonly kind: 'refused'; readonly words: string; readonly status: number | undefined }
  | { readonly kind: 'lost'; readonly words: string }
  | { readonly kind: 'left' };

interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

interface TerminalOptions {
  readonly size: TerminalSize;
  /** What is typed counts from then on. */
  readonly onOpen: () => void;
  readonly onOutput: (bytes: Uint8Array, shown: () => void) => void;
  /** Once, and last. */
  readonly onEnd: (end: TerminalEnd) => void;
}

/** Bytes of output that come before the page has shown what came earlier. */
const WINDOW_BYTES = 256 * 1024;
/** What is pasted goes in messages that masters take. */
const PIECE_BYTES = 64 * 1024;

/** What masters tell in texts. */
interface Told {
  readonly container_id?: string;
  readonly exit_status?: number | null;
  readonly message?: string;
  readonly error?: string;
  readonly status?: number;
}

export class TerminalSocket {
  readonly #socket: WebSocket;
  readonly #target: TerminalTarget;
  readonly #options: TerminalOptions;
  #isOpen = false;
  #isOver = false;

  constructor(target: TerminalTarget, options: TerminalOptions) {
    this.#target = target;
    this.#options = options;
    this.#socket = new WebSocket(urlOf(target, options.size));
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = () => void this.#closed();
  }

  type(bytes: Uint8Array): void {
    for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
      this.#send(bytes.slice(start, start + PIECE_BYTES));
    }
  }

  resize({ rows, columns }: TerminalSize): void {
    this.#send(JSON.stringify({ rows, columns }));
  }

  /** A command that it began is ended by that. */
  close(): void {
    this.#end({ kind: 'left' });
  }

  #send(message: string | Uint8Array<ArrayBuffer>): void {
    if (this.#isOpen && this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(message);
    }
  }

  #take(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      const bytes = new Uint8Array(data);
      this.#options.onOutput(bytes, () => this.#send(JSON.stringify({ taken: bytes.length })));
      return;
    }
    const { container_id, exit_status, message, error, status } = JSON.parse(data) as Told;
    if (error !== undefined) {
      const words = error.trim();
      this.#end(
        status === undefined ? { kind: 'lost', words } : { kind: 'refused', words, status },
      );
    } else if (container_id !== undefined) {
      this.#isOpen = true;
      this.#options.onOpen();
    } else if (exit_status !== undefined) {
      this.#end({ kind: 'exit', status: exit_status, message });
    } else {
      this.#end({ kind: 'containerEnded' });
    }
  }

  /** Browsers do not tell why a WebSocket was refused; the answer to a call to the agent does. */
  async #closed(): Promise<void> {
    if (this.#isOver || this.#isOpen) {
      this.#end({ kind: 'lost', words: 'The connection to the master is lost.' });
      return;
    }
    try {
      await agentCall(this.#target.agent, 'GET_VERSION');
      this.#end({ kind: 'lost', words: 'The master did not open the terminal. Try again.' });
    } catch (error) {
      const status = error instanceof RequestFailure ? error.status : undefined;
      this.#end({ kind: 'refused', words: (error as Error).message, status });
    }
  }

  #end(end: TerminalEnd): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#socket.close();
      this.#options.onEnd(end);
    }
  }
}

function urlOf(
  { agent, container, mode, command, user }: TerminalTarget,
  { rows, columns }: TerminalSize,
): string {
  const url = new URL(`agent/${encodeURIComponent(agent)}/terminal`, document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = new URLSearchParams({
    ...{ container, mode, rows: `${rows}`, columns: `${columns}`, window: `${WINDOW_BYTES}` },
    ...(mode === 'exec' && command !== '' ? { command } : {}),
    ...(mode === 'exec' && user !== '' ? { user } : {}),
  }).toString();
  return url.href;
}
