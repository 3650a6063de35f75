// A program that a person has started, with what it has printed so far.
import { type ChildProcess, spawn } from 'node:child_process';
import { until } from './cluster.ts';

export class Running {
  output = '';
  errors = '';
  readonly status: Promise<number | null>;
  readonly #child: ChildProcess;

  constructor(program: string, parameters: readonly string[]) {
    this.#child = spawn(program, parameters, { env: { ...process.env, NODE_OPTIONS: '' } });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text;
    });
    this.status = new Promise((resolve) => this.#child.once('close', resolve));
  }

  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  end(text: string): this {
    this.#child.stdin?.end(text);
    return this;
  }

  /** As Ctrl-C in its terminal would. */
  stop(): void {
    this.#child.kill('SIGINT');
  }

  shows(text: string): Promise<unknown> {
    return until(`the output has ${JSON.stringify(text)}`, () => this.output.includes(text));
  }
}
