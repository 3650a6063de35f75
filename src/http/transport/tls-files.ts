// Reads certificates, keys and authorities from files, and refuses those that cannot work.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { type TlsFiles, TlsSettingError } from './tls-settings.ts';

/** What the files hold. */
export interface TlsMaterial {
  /** As PEM; undefined for a client without a certificate. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** Certificates of authorities, each as PEM. */
  readonly ca: readonly string[];
  /** Lists of revoked certificates, as PEM. */
  readonly crl: string | undefined;
  /** When the certificate expires. */
  readonly expiresMs: number | undefined;
}

/** A file of all authorities of a Linux distribution is a quarter of that. */
const MOST_FILE_BYTES = 1024 * 1024;
/** The most files of a folder of authorities. */
const MOST_FILES = 4_096;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;

/** Rejects with TlsSettingError. */
export async function readMaterial(files: TlsFiles, nowMs: number): Promise<TlsMaterial> {
  const own = await readOwn(files, nowMs);
  const authorities = [
    ...(files.caFile === undefined ? [] : await authoritiesIn('ssl_ca_file', files.caFile)),
    ...(files.caDir === undefined ? [] : await authoritiesBelow(files.caDir)),
  ];
  const { crlFile } = files;
  const crl = crlFile === undefined ? undefined : await revocationsIn(crlFile);
  return { ...own, ca: authorities, crl };
}

/**
 * Changes whenever a file was exchanged or written to: what it names is looked at, so that a link
 * that leads elsewhere is a change, too. Never rejects.
 */
export async function traceOf(files: TlsFiles): Promise<string> {
  const below = files.caDir === undefined ? [] : await namesIn(files.caDir).catch(() => []);
  const all = [files.certFile, files.keyFile, files.caFile, files.crlFile, ...below];
  const traces = all.map(async (path) => {
    const status = path === undefined ? undefined : await stat(path).catch(() => undefined);
    return `${path} ${status?.ino} ${status?.mtimeMs} ${status?.size}`;
  });
  return (await Promise.all(traces)).join('\n');
}

async function readOwn({ certFile, keyFile }: TlsFiles, nowMs: number) {
  if (certFile === undefined || keyFile === undefined) {
    return { cert: undefined, key: undefined, expiresMs: undefined };
  }
  const cert = await readSmall('ssl_cert_file', certFile);
  const [own] = certificatesIn('ssl_cert_file', certFile, cert);
  if (own === undefined) {
    throw new TlsSettingError(`ssl_cert_file: ${certFile} holds no certificate in PEM`);
  }
  requireCurrent(own, certFile, nowMs);
  const key = await readSmall('ssl_key_file', keyFile);
  if (!own.checkPrivateKey(privateKey(key, keyFile))) {
    throw new TlsSettingError(
      `ssl_key_file: the key in ${keyFile} does not fit the certificate in ${certFile}`,
    );
  }
  return { cert, key, expiresMs: own.validToDate.getTime() };
}

function requireCurrent(own: X509Certificate, file: string, nowMs: number): void {
  const { validFromDate: from, validToDate: to } = own;
  const why =
    to.getTime() <= nowMs
      ? `has expired on ${to.toISOString()}`
      : from.getTime() > nowMs
        ? `is not valid before ${from.toISOString()}`
        : undefined;
  if (why !== undefined) {
    throw new TlsSettingError(`ssl_cert_file: the certificate in ${file} ${why}`);
  }
}

function privateKey(pem: string, file: string): KeyObject {
  if (ENCRYPTED.test(pem)) {
    throw new TlsSettingError(
      `ssl_key_file: the key in ${file} is encrypted; expected one without a passphrase`,
    );
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw new TlsSettingError(`ssl_key_file: ${file} holds no private key in PEM`);
  }
}

function certificatesIn(setting: string, file: string, pem: string): X509Certificate[] {
  try {
    return (pem.match(CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch {
    throw new TlsSettingError(`${setting}: ${file} holds a certificate that cannot be read`);
  }
}

async function authoritiesIn(setting: string, file: string): Promise<readonly string[]> {
  const found = certificatesIn(setting, file, await readSmall(setting, file));
  if (found.length === 0) {
    throw new TlsSettingError(`${setting}: ${file} holds no certificate in PEM`);
  }
  return found.map(String);
}

/** Rejects with TlsSettingError. */
async function revocationsIn(file: string): Promise<string> {
  const pem = await readSmall('ssl_crl_file', file);
  try {
    if (!pem.includes('-----BEGIN X509 CRL-----')) {
      throw new Error('it has none');
    }
    createSecureContext({ crl: pem });
  } catch (cause) {
    const text = `ssl_crl_file: ${file} holds no list of revoked certificates in PEM`;
    throw new TlsSettingError(text, { cause });
  }
  return pem;
}

/** All certificates of the folder; whatever else there is does not matter. */
async function authoritiesBelow(folder: string): Promise<readonly string[]> {
  const setting = 'ssl_ca_dir';
  const found = new Set<string>();
  for (const path of await namesIn(folder)) {
    const isFile = (await stat(path).catch(() => undefined))?.isFile() ?? false;
    const pem = isFile ? await readSmall(setting, path) : '';
    for (const certificate of certificatesIn(setting, path, pem)) {
      found.add(String(certificate));
    }
  }
  if (found.size === 0) {
    throw new TlsSettingError(`${setting}: no file of ${folder} holds a certificate in PEM`);
  }
  return [...found];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new TlsSettingError(`ssl_ca_dir: ${folder} cannot be read (${error.code})`);
  });
  if (names.length > MOST_FILES) {
    throw new TlsSettingError(`ssl_ca_dir: ${folder} holds more than ${MOST_FILES} files`);
  }
  return names.toSorted().map((name) => join(folder, name));
}

/** What is no regular file is refused, for it might never end. */
async function readSmall(setting: string, path: string): Promise<string> {
  const fail = (why: string | undefined): never => {
    throw new TlsSettingError(`${setting}: ${path} cannot be read (${why})`);
  };
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(({ code }) =>
    fail(code),
  );
  try {
    const status = await file.stat();
    if (!status.isFile()) {
      return fail('it is no file');
    }
    if (status.size > MOST_FILE_BYTES) {
      return fail(`it is larger than ${MOST_FILE_BYTES} bytes`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
