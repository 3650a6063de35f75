// TLS for a run: one certificate, which master, agents and frameworks show to each other.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As node:tls takes them. Servers need no name here: the master is where it is said to be. */
export interface Pems {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const openssl = (cwd: string, ...parameters: string[]) =>
  execFileSync('openssl', parameters, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });

export class BenchTls {
  readonly pems: Pems;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mesoscale-bench-tls-'));

  /** The certificate is one for these IP addresses. Takes the program openssl. */
  constructor(ips: readonly string[]) {
    openssl(
      this.#folder,
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-subj', '/CN=bench', '-addext', `subjectAltName=${ips.map((ip) => `IP:${ip}`).join()}`],
      ...['-keyout', 'own.key', '-out', 'own.crt', '-days', '2'],
    );
    const read = (name: string) => readFileSync(join(this.#folder, name), 'utf8');
    this.pems = { cert: read('own.crt'), key: read('own.key'), ca: read('own.crt') };
  }

  /** For the master: both ends of each connection are verified. */
  get environment(): Record<string, string> {
    const certificate = join(this.#folder, 'own.crt');
    return {
      LIBPROCESS_SSL_ENABLED: 'true',
      LIBPROCESS_SSL_CERT_FILE: certificate,
      LIBPROCESS_SSL_KEY_FILE: join(this.#folder, 'own.key'),
      LIBPROCESS_SSL_CA_FILE: certificate,
      LIBPROCESS_SSL_REQUIRE_CLIENT_CERT: 'true',
      LIBPROCESS_SSL_VERIFY_IPADD: 'true',
      LIBPROCESS_SSL_HOSTNAME_VALIDATION_SCHEME: 'openssl',
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }
}
