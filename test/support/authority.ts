// A certificate authority of a test, as openssl makes it.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certified {
  /** Paths. */
  readonly certificate: string;
  readonly key: string;
}

const openssl = (...parameters: readonly string[]) =>
  execFileSync('openssl', parameters, { stdio: ['ignore', 'ignore', 'pipe'] });

export class Authority {
  readonly certificate: string;
  readonly #folder: string;
  readonly #key: string;
  /** The certificates between its own and that of the first authority, as PEM. */
  readonly #between: string;

  /** Its files are in the folder. It is believed by itself, or by the word of another authority. */
  constructor(folder: string, name: string, above?: Authority) {
    this.#folder = folder;
    this.certificate = join(folder, `${name}.crt`);
    this.#key = join(folder, `${name}-ca.key`);
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name}`, '-days', '30', '-keyout', this.#key, '-out', this.certificate],
      ...(above === undefined ? [] : ['-CA', above.certificate, '-CAkey', above.#key]),
    );
    this.#between =
      above === undefined ? '' : readFileSync(this.certificate, 'utf8') + above.#between;
  }

  /** For the loopback. */
  certify(
    name: string,
    { isExpired = false, host = 'IP:127.0.0.1,DNS:localhost' } = {},
  ): Certified {
    const path = (ending: string) => join(this.#folder, `${name}.${ending}`);
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', path('key'), '-out', path('csr')],
    );
    writeFileSync(path('ext'), `subjectAltName=${host}\n`);
    openssl(
      ...['x509', '-req', '-in', path('csr'), '-CA', this.certificate, '-CAkey', this.#key],
      ...['-CAcreateserial', '-extfile', path('ext'), '-out', path('cert')],
      ...['-days', isExpired ? '-1' : '30'],
    );
    appendFileSync(path('cert'), this.#between);
    return { certificate: path('cert'), key: path('key') };
  }

  /** Writes a list of revoked certificates. */
  revoke(file: string, ...revoked: readonly Certified[]): void {
    const serials = revoked.map(
      ({ certificate }) => new X509Certificate(readFileSync(certificate)).serialNumber,
    );
    const lines = serials.map(
      (serial) => `R\t491231235959Z\t240101000000Z\t${serial}\tunknown\t/CN=x\n`,
    );
    const [index, config] = [`${file}.index`, `${file}.config`];
    writeFileSync(index, lines.join(''));
    writeFileSync(config, `[ca]\ndefault_ca=own\n[own]\ndatabase=${index}\ndefault_md=sha256\n`);
    openssl(
      ...['ca', '-gencrl', '-config', config, '-crldays', '30', '-out', file],
      ...['-cert', this.certificate, '-keyfile', this.#key],
    );
  }
}
