// Certificates, made by the program openssl. Keys are elliptic curve P-256, and made here, in files
// that nobody else can read.
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { writeDurably } from '../../filesystem/durable-files.ts';
import type { KeyPair } from './layout.ts';
import type { MachineNames } from './machine-names.ts';
import { SecureError } from './secure-error.ts';

const DEADLINE_MS = 30_000;
const MOST_OUTPUT_BYTES = 2 ** 20;
/** A common name has no more (RFC 5280). Peers look at the others. */
const MOST_NAME_CHARACTERS = 64;
/** The authority's certificate is valid so much longer than those that it signs. */
const AUTHORITY_TIMES = 10;

/** Whom a certificate is for: a machine by its names, a principal, or all executors. */
export type Subject =
  | { readonly unit: 'host'; readonly names: MachineNames }
  | { readonly unit: 'principal'; readonly name: string }
  | { readonly unit: 'executors' };

/** Makes the two files, of an authority that believes in itself. Rejects with SecureError. */
export async function makeAuthority(files: KeyPair, days: number): Promise<void> {
  await writeDurably(files.key, newKey());
  const config = await writeConfig(files, [
    'basicConstraints = critical, CA:TRUE, pathlen:0',
    'keyUsage = critical, keyCertSign, cRLSign',
    'subjectKeyIdentifier = hash',
  ]);
  // Programs tell authorities apart by their names.
  const name = `/OU=authority/CN=mesoscale ${randomBytes(4).toString('hex')}`;
  const certificate = await openssl([
    ...['req', '-x509', '-new', '-sha256', '-key', files.key, '-subj', name],
    ...['-config', config, '-extensions', 'extensions', '-set_serial', newSerial()],
    ...['-days', String(days * AUTHORITY_TIMES)],
  ]);
  await writeDurably(files.certificate, certificate);
  await rm(config);
}

/** Makes the two files, signed by the authority. Rejects with SecureError. */
export async function certify(
  subject: Subject,
  files: KeyPair,
  { authority, days }: { readonly authority: KeyPair; readonly days: number },
): Promise<void> {
  await writeDurably(files.key, newKey());
  const config = await writeConfig(files, [
    'basicConstraints = critical, CA:FALSE',
    'keyUsage = critical, digitalSignature',
    'subjectKeyIdentifier = hash',
    'authorityKeyIdentifier = keyid',
    ...(subject.unit === 'host'
      ? [
          'extendedKeyUsage = serverAuth, clientAuth',
          `subjectAltName = ${subject.names.map(alternative).join(', ')}`,
        ]
      : ['extendedKeyUsage = clientAuth']),
  ]);
  const request = await openssl([
    ...['req', '-new', '-sha256', '-key', files.key, '-subj', nameOf(subject), '-config', config],
  ]);
  const certificate = await openssl(
    [
      ...['x509', '-req', '-sha256', '-CA', authority.certificate, '-CAkey', authority.key],
      ...['-extfile', config, '-extensions', 'extensions', '-set_serial', newSerial()],
      ...['-days', String(days)],
    ],
    request,
  );
  await writeDurably(files.certificate, certificate);
  await rm(config);
}

/**
 * A common name alone is that of a principal, as the authenticator `certificate` takes it. What
 * else has a certificate is in a unit, so that nobody else has the name of a principal.
 */
function nameOf(subject: Subject): string {
  switch (subject.unit) {
    case 'principal':
      return `/CN=${subject.name}`;
    case 'host':
      return `/OU=host/CN=${subject.names[0].slice(0, MOST_NAME_CHARACTERS)}`;
    case 'executors':
      return '/OU=executors/CN=executors';
    default:
      return subject satisfies never;
  }
}

/** The names and addresses of a machine's certificate. Throws SecureError where it has none. */
export function namesIn(path: string, certificate: Uint8Array): MachineNames {
  const names = new X509Certificate(certificate).subjectAltName?.split(', ') ?? [];
  const [first, ...others] = names.map((name) => name.replace(/^(?:DNS|IP Address):/, ''));
  if (first === undefined) {
    throw new SecureError(`${path} has no names: expected a machine’s certificate`);
  }
  return [first, ...others];
}

const alternative = (name: string) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`;

const newKey = (): string =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();

/** A positive number of 127 bits, which nobody can guess. */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return `0x${bytes.toString('hex')}`;
}

/** A configuration that leaves out the system's. Beside the certificate, until that is there. */
async function writeConfig(
  { certificate }: KeyPair,
  extensions: readonly string[],
): Promise<string> {
  const config = `${certificate}.config`;
  await writeDurably(
    config,
    `${['[req]', 'distinguished_name = name', 'prompt = no', '[name]', '[extensions]', ...extensions].join('\n')}\n`,
  );
  return config;
}

/** What the program prints. Rejects with SecureError. */
function openssl(parameters: readonly string[], input = ''): Promise<string> {
  const options = { timeout: DEADLINE_MS, maxBuffer: MOST_OUTPUT_BYTES } as const;
  return new Promise((resolve, reject) => {
    const child = execFile('openssl', parameters, options, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout);
      } else if (error.code === 'ENOENT') {
        reject(new SecureError('openssl, which makes the certificates, is not installed'));
      } else {
        const why = error.killed ? 'it takes too long' : stderr.trim() || error.message;
        reject(new SecureError(`openssl cannot make a certificate: ${why}`, { cause: error }));
      }
    });
    // A program that ends early does not read it.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
