// A network of a test's own: a network namespace, and mounts that nobody else sees. Links,
// addresses and rules that programs make there go with it, and the network of the machine stays as
// it is. This takes root, and the Debian packages iproute2 and util-linux.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const canMakeNetworks = process.geteuid?.() === 0;

/** Keeps the namespace until its input ends, which it does when the test's process has ended. */
const HOLDER = 'ip link set lo up && echo ready && exec cat';
const LONGEST_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/** Reads what to call from its input, and writes what came of it as the last line of its output. */
const CALLER = `
  const { module, name, argument } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
  const say = (outcome) => process.stdout.write('\\n' + JSON.stringify(outcome));
  import(module)
    .then((it) => it[name](argument))
    .then((result) => say({ result }), (error) => say({ error: String(error?.stack ?? error) }));
`;

export class NetworkNamespace implements AsyncDisposable {
  readonly #holder: ChildProcess;

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** With a loopback device, and nothing else. */
  static async make(): Promise<NetworkNamespace> {
    const holder = spawn(
      'unshare',
      ['--net', '--mount', '--propagation', 'private', '--', 'sh', '-c', HOLDER],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    );
    await Promise.race([
      once(holder.stdout, 'data'),
      once(holder, 'exit').then(() => {
        throw new Error('The network namespace of a test cannot be made: are you root?');
      }),
    ]);
    return new NetworkNamespace(holder);
  }

  /** The file of the namespace, by which `ip` knows it. */
  get path(): string {
    return `/proc/${this.#holder.pid}/ns/net`;
  }

  /** The command line that runs a program there, in the working directory of the test. */
  entering(...argv: readonly string[]): [program: string, ...parameters: string[]] {
    return ['nsenter', `--target=${this.#holder.pid}`, '--net', '--mount', '--wd', '--', ...argv];
  }

  /** What a program prints there. Rejects where it fails, with what it has said. */
  async run(...argv: readonly string[]): Promise<string> {
    const [program, ...parameters] = this.entering(...argv);
    const { stdout } = await execute(program, parameters, {
      timeout: LONGEST_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    return stdout;
  }

  /** As `run`, for a script. */
  shell(script: string): Promise<string> {
    return this.run('sh', '-ec', script);
  }

  /**
   * Calls a function that a module exports (`import.meta.url` of it) in a process of its own there,
   * which ends thereafter. What it takes and returns is JSON. Rejects with the text of what it
   * throws.
   */
  async call<Result>(module: string, name: string, argument: unknown = null): Promise<Result> {
    const [program, ...parameters] = this.entering(process.execPath, '--eval', CALLER);
    const running = execute(program, parameters, {
      timeout: LONGEST_MS,
      maxBuffer: MAX_OUTPUT_BYTES,
    });
    running.child.stdin?.end(JSON.stringify({ module, name, argument }));
    const { stdout } = await running;
    const outcome = JSON.parse(stdout.slice(stdout.lastIndexOf('\n') + 1));
    if (outcome.error !== undefined) {
      throw new Error(outcome.error);
    }
    return outcome.result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#holder.exitCode === null ? once(this.#holder, 'exit') : undefined;
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
