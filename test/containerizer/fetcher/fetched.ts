// Launches containers that only fetch, in the real agent's driver.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FetchOptions } from '../../../src/containerizer/fetcher/fetcher.ts';
import type { CommandInfo_URI } from '../../../src/model/generated/messages.ts';
import { DriverHarness, temporaryFolder } from '../../agent-driver/harness.ts';

export interface Sandbox {
  readonly path: string;
  /** Why the launch failed. */
  readonly failure: string | undefined;
  /** What is in it besides the output. */
  readonly names: readonly string[];
  read(name: string): string;
  /** `owner mode` of an entry, such as `0 644`. */
  facts(name: string): string;
}

const opened = (folder: string, options: Partial<FetchOptions>) =>
  DriverHarness.open(join(folder, 'work'), {
    fetching: { stallMs: 10_000, home: '', ...options },
  });

export class FetchHost implements AsyncDisposable {
  readonly path: string;
  harness: DriverHarness;
  readonly #options: Partial<FetchOptions>;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(
    folder: ReturnType<typeof temporaryFolder>,
    harness: DriverHarness,
    options: Partial<FetchOptions>,
  ) {
    this.#folder = folder;
    this.#options = options;
    this.path = folder.path;
    this.harness = harness;
  }

  static async open(options: (folder: string) => Partial<FetchOptions>): Promise<FetchHost> {
    const folder = temporaryFolder();
    try {
      const made = options(folder.path);
      return new FetchHost(folder, await opened(folder.path, made), made);
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** Makes a file of this machine. */
  file(name: string, content: string | Buffer, mode = 0o644): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  async fetch(uris: readonly CommandInfo_URI[], user?: string, value = 'true'): Promise<Sandbox> {
    const { harness } = this;
    const container = harness.launch({
      task: { command: { value, uris: [...uris] } },
      ...(user !== undefined && { user }),
    });
    const { failure } = await harness.ended(container);
    const path = harness.inSandbox(container);
    return {
      path,
      failure,
      names: readdirSync(path).filter((name) => name !== 'stdout' && name !== 'stderr'),
      read: (name) => readFileSync(join(path, name), 'utf8'),
      facts: (name) => {
        const { uid, mode } = statSync(join(path, name));
        return `${uid} ${(mode & 0o7777).toString(8)}`;
      },
    };
  }

  /** The downloads that are still there: none, once all tasks have theirs. */
  get staged(): readonly string[] {
    const path = join(this.path, 'work/downloads');
    return statSync(path, { throwIfNoEntry: false }) === undefined ? [] : readdirSync(path);
  }

  /** A later agent takes over. */
  async restart(): Promise<void> {
    await this.harness.driver.close();
    this.harness = await opened(this.path, this.#options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.harness.driver.close();
    this.#folder[Symbol.dispose]();
  }
}
