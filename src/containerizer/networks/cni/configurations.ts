// The networks that an operator has configured: files of one folder, which may change at any time.
// They are looked at again for each container, and read again where they have changed.
import { type BigIntStats, constants } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { isAbsence } from '../../records/record-file.ts';
import { type NetworkList, networkListIn } from './configuration.ts';
import { pluginPath } from './plugin-programs.ts';

export interface ConfigurationOptions {
  /** Undefined: there are none but those that are built in. */
  readonly folder: string | undefined;
  /** Where plugins are looked for: folders, separated by colons. */
  readonly pluginFolders: string;
  /** A network that no file needs to say; undefined: there is none of that name. */
  readonly builtIn?: ((name: string) => Promise<NetworkList | undefined>) | undefined;
  readonly warn: (text: string) => void;
}

interface ReadFile {
  /** Changes with the file. */
  readonly state: string;
  readonly list?: NetworkList | undefined;
  /** What is wrong with it, or has no effect. */
  readonly complaints: readonly string[];
}

const MAX_FILES = 10_000;
const MAX_BYTES = 1024 * 1024;
/** Lines of the log about one look at the folder. */
const MOST_TOLD = 20;

export class Configurations {
  readonly #options: ConfigurationOptions;
  /** By the names of files. */
  #files: ReadonlyMap<string, ReadFile> = new Map();
  /** What was told of, as long as it is so, with the state of the file that it is about. */
  #told: ReadonlyMap<string, string> = new Map();
  /** By networks: plugins that are not on this machine, as was told. */
  readonly #missing = new Map<string, string>();
  #looking: Promise<unknown> = Promise.resolve();
  /** The look that has not begun yet: it sees all that is there now. */
  #next: Promise<ReadonlyMap<string, NetworkList>> | undefined;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  /**
   * The network of that name, as it is configured now. Rejects with ContainerizerError where there
   * is none, or one of its plugins is not on this machine.
   */
  async find(name: string): Promise<NetworkList> {
    const { builtIn, pluginFolders, warn } = this.#options;
    const list = (await builtIn?.(name)) ?? (await this.#configured()).get(name);
    if (list === undefined) {
      throw new ContainerizerError(`Unknown CNI network '${name}'`);
    }
    const missing = await this.#missingPlugin(list);
    if (missing !== undefined) {
      // Frameworks need not know the folders of the machine.
      if (this.#missing.get(name) !== missing) {
        this.#missing.set(name, missing);
        warn(`CNI network '${name}' needs the plugin '${missing}': not in '${pluginFolders}'`);
      }
      throw new ContainerizerError(`Unknown CNI network '${name}'`);
    }
    this.#missing.delete(name);
    return list;
  }

  async #missingPlugin({ plugins }: NetworkList): Promise<string | undefined> {
    for (const type of plugins.flatMap(({ type, ipam = [] }) => [type].concat(ipam))) {
      if ((await pluginPath(this.#options.pluginFolders, type)) === undefined) {
        return type;
      }
    }
    return undefined;
  }

  #configured(): Promise<ReadonlyMap<string, NetworkList>> {
    const { folder } = this.#options;
    if (folder === undefined) {
      return Promise.resolve(new Map());
    }
    this.#next ??= this.#looking.then(() => {
      this.#next = undefined;
      const looking = this.#look(folder);
      this.#looking = looking.catch(() => {});
      return looking;
    });
    return this.#next;
  }

  /** The first file by its name counts, where several have the same network. */
  async #look(folder: string): Promise<ReadonlyMap<string, NetworkList>> {
    const files = new Map<string, ReadFile>();
    const networks = new Map<string, NetworkList>();
    const owners = new Map<string, string>();
    const complaints = new Map<string, string>();
    for (const name of await this.#names(folder, complaints)) {
      const path = join(folder, name);
      const file = await readAgain(path, this.#files.get(name));
      if (file === undefined) {
        continue;
      }
      const { list, state } = file;
      const complain = (text: string) =>
        complaints.set(`CNI configuration '${path}': ${text}`, state);
      files.set(name, file);
      file.complaints.forEach(complain);
      const owner = list && owners.get(list.name);
      if (owner !== undefined) {
        complain(`it is of CNI network '${list?.name}', as is '${owner}', which counts`);
      } else if (list !== undefined) {
        owners.set(list.name, path);
        networks.set(list.name, list);
      }
    }
    this.#files = files;
    this.#tell(complaints);
    return networks;
  }

  /** Hidden files are those of editors, and of programs that exchange files. */
  async #names(folder: string, complaints: Map<string, string>): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const { name } of await opendir(folder, { bufferSize: 1_000 })) {
        if (names.length === MAX_FILES) {
          complaints.set(`'${folder}' has more than ${MAX_FILES} files: not all count`, '');
          break;
        }
        if (!name.startsWith('.')) {
          names.push(name);
        }
      }
    } catch (error) {
      throw new ContainerizerError(
        `Unable to list the CNI network configuration directory '${folder}': ${errorText(error)}`,
        { cause: error },
      );
    }
    return names.sort();
  }

  /** Each once, until its file changes. */
  #tell(complaints: ReadonlyMap<string, string>): void {
    const news = [...complaints].filter(([text, state]) => this.#told.get(text) !== state);
    for (const [text] of news.slice(0, MOST_TOLD)) {
      this.#options.warn(text);
    }
    if (news.length > MOST_TOLD) {
      this.#options.warn(`${news.length - MOST_TOLD} more CNI configurations are wrong`);
    }
    this.#told = complaints;
  }
}

/**
 * Undefined: it is a folder, or gone. `known`: what was read last time. What cannot be read may be
 * read the next time.
 */
async function readAgain(path: string, known: ReadFile | undefined): Promise<ReadFile | undefined> {
  try {
    const now = await stat(path, { bigint: true });
    const state = stateOf(now);
    if (now.isDirectory() || known?.state === state) {
      return now.isDirectory() ? undefined : known;
    }
    return { state, ...fileOf(await bytesOf(path, now)) };
  } catch (error) {
    return isAbsence(error) ? undefined : { state: '', complaints: [skipped(error)] };
  }
}

function fileOf(bytes: Uint8Array): Omit<ReadFile, 'state'> {
  try {
    const { list, remarks } = networkListIn(bytes);
    return { list, complaints: remarks };
  } catch (error) {
    return { complaints: [skipped(error)] };
  }
}

const skipped = (error: unknown) => `skipped: ${errorText(error)}`;

const stateOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats) =>
  [dev, ino, size, mtimeNs, ctimeNs].join(' ');

/** A device or a FIFO is not waited for, nor where it has taken the place of a file just now. */
async function bytesOf(path: string, now: BigIntStats): Promise<Uint8Array> {
  if (!now.isFile()) {
    throw new Error('it is no file');
  }
  if (now.size > MAX_BYTES) {
    throw new Error(`it has more than ${MAX_BYTES} bytes`);
  }
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // One more than there are: a file that grows is read again.
    const bytes = Buffer.alloc(Number(now.size) + 1);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
