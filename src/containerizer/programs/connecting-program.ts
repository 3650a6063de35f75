// One program that connects to something: it says in a line what came of it, and passes on what
// comes from its descriptor 3 and goes there, as soon as its input ends. It sees to it that it does
// not outlive the process that has started it.
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { errorText } from '../../model/error-text.ts';
import type { ConnectionCall } from './program-call.ts';

const CONNECTION = 3;

export class ConnectingProgram {
  readonly #child: ChildProcess;
  readonly #said = Promise.withResolvers<string>();

  /** Throws where the system starts no process at all. */
  constructor({ program, words }: ConnectionCall) {
    const child: ChildProcess = spawn(program, words, {
      cwd: '/',
      env: {},
      stdio: ['pipe', 'pipe', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.once('error', (error) => this.#said.resolve(errorText(error)));
    // There are no streams where this process has no descriptors left.
    child.stdout?.once('data', (line) => this.#said.resolve(String(line)));
    child.stdout?.once('end', () => this.#said.resolve('the program has ended'));
    child.stdin?.on('error', () => undefined);
    this.connection?.on('error', () => undefined);
  }

  /** Its line, or why there is none. */
  get said(): Promise<string> {
    return this.#said.promise;
  }

  /** Nothing comes from it yet, so that it can be handed to another process. */
  get connection(): Socket | undefined {
    const connection = this.#child.stdio?.[CONNECTION];
    return connection instanceof Socket ? connection : undefined;
  }

  begin(): void {
    this.#child.stdin?.end();
  }

  end(): void {
    this.#child.kill('SIGKILL');
  }
}
