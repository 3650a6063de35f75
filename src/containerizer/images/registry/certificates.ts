// Certificates that the operator has put down for a registry, where docker has them: in the folder
// HOST or HOST:PORT, files *.crt are of authorities that are believed besides those of the machine,
// and NAME.cert with NAME.key says who asks. They are read when they are used, so that new ones
// need no other agent.
import { createHash, X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import tls, { type SecureContext } from 'node:tls';
import { codeOf } from '../../../filesystem/folder.ts';
import { errorText } from '../../../model/error-text.ts';
import { ContainerizerError } from '../../containerizer-error.ts';
import { isHost } from '../formats/reference.ts';

/** Of one registry. */
const MOST_FILES = 64;
const MOST_FILE_BYTES = 2 ** 20;
/** Registries whose certificates are kept ready. */
const MOST_KEPT = 64;

interface Files {
  readonly authorities: readonly string[];
  readonly certificates: readonly string[];
  readonly keys: readonly string[];
}

const NONE: Files = { authorities: [], certificates: [], keys: [] };
const PEM = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]+-----/g;

export class RegistryCertificates {
  readonly #folder: string;
  /** By what is in the files. */
  readonly #kept = new Map<string, SecureContext>();

  /** It may be missing. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * For a connection to `host` about an image of `registry`. Whom that registry is certified by is
   * believed of the servers that it names, too; who asks is told to nobody but the registry.
   * Undefined where there are no certificates. Throws ContainerizerError.
   */
  async contextFor(host: string, registry: string | undefined): Promise<SecureContext | undefined> {
    const own = await this.#filesOf(host);
    const asked =
      registry === undefined || registry === host ? NONE : await this.#filesOf(registry);
    const { certificates, keys } = isSame(host, registry) ? own : NONE;
    const files = { certificates, keys, authorities: [...own.authorities, ...asked.authorities] };
    return Object.values(files).every((all) => all.length === 0) ? undefined : this.#context(files);
  }

  /** Where an authority is looked for; for messages. */
  authorityOf(registry: string): string {
    return join(this.#folder, registry, 'ca.crt');
  }

  #context(files: Files): SecureContext {
    const name = createHash('sha256').update(JSON.stringify(files)).digest('hex');
    const made = this.#kept.get(name) ?? tls.createSecureContext(settingsOf(files));
    this.#kept.delete(name);
    this.#kept.set(name, made);
    const [oldest] = this.#kept.size > MOST_KEPT ? this.#kept.keys() : [];
    if (oldest !== undefined) {
      this.#kept.delete(oldest);
    }
    return made;
  }

  async #filesOf(host: string): Promise<Files> {
    // The name is one of an image or of a redirect: none that is no host becomes a path.
    const folders = isHost(host) ? foldersOf(host).map((name) => join(this.#folder, name)) : [];
    const all = await Promise.all(folders.map(readFolder));
    return {
      authorities: all.flatMap(({ authorities }) => authorities),
      certificates: all.flatMap(({ certificates }) => certificates),
      keys: all.flatMap(({ keys }) => keys),
    };
  }
}

const USUAL_PORT = /:443$/;
const isSame = (host: string, registry: string | undefined) =>
  host.replace(USUAL_PORT, '') === registry?.replace(USUAL_PORT, '');

/** A name with and without the port that it has if it has none. */
const foldersOf = (host: string) =>
  USUAL_PORT.test(host)
    ? [host, host.replace(USUAL_PORT, '')]
    : /:\d+$/.test(host)
      ? [host]
      : [host, `${host}:443`];

function settingsOf({ authorities, certificates, keys }: Files): tls.SecureContextOptions {
  // Those of the machine have been added to these (downloads/machine-trust.ts).
  const usual = (tls as Partial<typeof tls>).getCACertificates?.('default') ?? tls.rootCertificates;
  return {
    ...(authorities.length > 0 && { ca: [...usual, ...authorities] }),
    ...(certificates.length > 0 && { cert: [...certificates], key: [...keys] }),
  };
}

async function readFolder(folder: string): Promise<Files> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => /\.(crt|cert|key)$/.test(name)).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) {
      return NONE;
    }
    throw new ContainerizerError(`Failed to read certificates: ${errorText(error)}`);
  }
  if (names.length > MOST_FILES) {
    throw new ContainerizerError(`'${folder}' has more than ${MOST_FILES} files of certificates`);
  }
  const ending = (end: string) => names.filter((name) => name.endsWith(end));
  const read = (name: string) => readText(join(folder, name));
  const authorities = await Promise.all(
    ending('.crt').map(async (name) => checked(join(folder, name), await read(name))),
  );
  const pairs = await Promise.all(
    ending('.cert').map(async (name) => {
      const key = name.replace(/cert$/, 'key');
      if (!names.includes(key)) {
        throw new ContainerizerError(`'${join(folder, name)}' has no '${key}' beside it`);
      }
      const pair = { cert: checked(join(folder, name), await read(name)), key: await read(key) };
      try {
        tls.createSecureContext(pair);
      } catch (error) {
        const problem = errorText(error);
        throw new ContainerizerError(
          `'${join(folder, key)}' is no key of '${join(folder, name)}': ${problem}`,
        );
      }
      return pair;
    }),
  );
  return {
    authorities,
    certificates: pairs.map(({ cert }) => cert),
    keys: pairs.map(({ key }) => key),
  };
}

async function readText(path: string): Promise<string> {
  try {
    const status = await stat(path);
    if (!status.isFile() || status.size > MOST_FILE_BYTES) {
      throw new Error(`'${path}' is no file of at most ${MOST_FILE_BYTES} bytes`);
    }
    return await readFile(path, 'latin1');
  } catch (error) {
    throw new ContainerizerError(`Failed to read certificates: ${errorText(error)}`);
  }
}

/** Of what is no certificate, TLS says nothing, and believes nobody more. */
function checked(path: string, text: string): string {
  const found = text.match(PEM) ?? [];
  try {
    for (const each of found) {
      new X509Certificate(each);
    }
  } catch (error) {
    throw new ContainerizerError(`A certificate in '${path}' is damaged: ${errorText(error)}`);
  }
  if (found.length === 0) {
    throw new ContainerizerError(`'${path}' has no certificate in PEM`);
  }
  return text;
}
