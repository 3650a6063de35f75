// TLS for the programs of a test, which show one certificate to each other.
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { Authority } from './authority.ts';

/** Where programs of tests listen: on the loopback, and in networks of their own. */
const HOSTS = 'IP:127.0.0.1,IP:192.0.2.1,DNS:localhost';

export class TestTls {
  /** The settings: LIBPROCESS_SSL_…. */
  readonly environment: Readonly<Record<string, string>>;

  constructor(environment: Readonly<Record<string, string>>) {
    this.environment = environment;
  }

  /** With a certificate for the loopback, of an authority made for it, as files of the folder. */
  static in(folder: string): TestTls {
    const authority = new Authority(folder, 'authority');
    const own = authority.certify('own', { host: HOSTS });
    return new TestTls({
      LIBPROCESS_SSL_ENABLED: 'true',
      LIBPROCESS_SSL_CERT_FILE: own.certificate,
      LIBPROCESS_SSL_KEY_FILE: own.key,
      LIBPROCESS_SSL_CA_FILE: authority.certificate,
      LIBPROCESS_SSL_VERIFY_SERVER_CERT: 'true',
      LIBPROCESS_SSL_REQUIRE_CLIENT_CERT: 'true',
      LIBPROCESS_SSL_VERIFY_IPADD: 'true',
      LIBPROCESS_SSL_HOSTNAME_VALIDATION_SCHEME: 'openssl',
    });
  }

  /** Rejects where the answer is no success. */
  read(url: string): Promise<string> {
    const fileOf = (name: string) => readFileSync(this.environment[`LIBPROCESS_SSL_${name}`] ?? '');
    const files = { ca: fileOf('CA_FILE'), cert: fileOf('CERT_FILE'), key: fileOf('KEY_FILE') };
    return new Promise((resolve, reject) => {
      get(url, { ...files, agent: false }, async (response) => {
        const text = (await response.toArray()).join('');
        if (response.statusCode === 200) {
          resolve(text);
        } else {
          reject(new Error(`${url} answered ${response.statusCode}: ${text}`));
        }
      }).on('error', reject);
    });
  }
}
