// The flags about TLS, of every program that listens or connects: libprocess's settings, which also
// have its variables (LIBPROCESS_SSL_…).
import { choice, integer, path, text, toggle } from '../flags/flag.ts';

/**
 * Mesos has the ciphers after the first two. They need certificates of RSA and know no forward
 * secrecy, and so come last, for peers that have nothing else.
 */
const CIPHERS =
  'ECDHE+AESGCM:ECDHE+CHACHA20:AES128-SHA:AES256-SHA:RC4-SHA:DHE-RSA-AES128-SHA:' +
  'DHE-DSS-AES128-SHA:DHE-RSA-AES256-SHA:DHE-DSS-AES256-SHA';

const variable = (...names: string[]) => names.map((name) => `LIBPROCESS_SSL_${name}`);

export const TLS_FLAGS = {
  ssl_ca_dir: path({
    variable: variable('CA_DIR'),
    help: 'A folder with certificates of authorities that are believed, as PEM.',
  }),
  ssl_ca_file: path({
    variable: variable('CA_FILE'),
    help: 'A file with certificates of authorities that are believed, as PEM.',
  }),
  ssl_cert_file: path({
    variable: variable('CERT_FILE'),
    help: 'The certificate to show, followed by those between it and its authority, as PEM. Read again when it changes, as are the other files.',
  }),
  ssl_ciphers: text({
    default: CIPHERS,
    defaultText: 'ECDHE+AESGCM:ECDHE+CHACHA20:…',
    variable: variable('CIPHERS'),
    help: 'The ciphers for TLS 1.2 and before, the preferred first, in OpenSSL’s words. What it does not know has no effect. The last ones of the default are all that Mesos has in its own.',
  }),
  ssl_crl_file: path({
    variable: variable('CRL_FILE'),
    help: 'A file with lists of certificates that their authorities have revoked, as PEM: one of each authority. Who shows such a certificate is refused, and so is everybody once the list has expired. Read again when it changes.',
  }),
  ssl_ecdh_curve: text({
    default: 'auto',
    variable: variable('ECDH_CURVE', 'ECDH_CURVES'),
    help: 'The elliptic curves for the exchange of keys, the preferred first: P-521:P-384, or auto.',
  }),
  ssl_enable_ssl_v3: toggle({
    default: false,
    status: 'refused',
    variable: variable('ENABLE_SSL_V3'),
    help: 'Speak SSL 3. OpenSSL has it no more.',
  }),
  ssl_enable_tls_v1_0: toggle({
    default: false,
    variable: variable('ENABLE_TLS_V1_0'),
    help: 'Speak TLS 1.0, which is not safe.',
  }),
  ssl_enable_tls_v1_1: toggle({
    default: false,
    variable: variable('ENABLE_TLS_V1_1'),
    help: 'Speak TLS 1.1, which is not safe.',
  }),
  ssl_enable_tls_v1_2: toggle({
    default: true,
    variable: variable('ENABLE_TLS_V1_2'),
    help: 'Speak TLS 1.2.',
  }),
  ssl_enable_tls_v1_3: toggle({
    default: false,
    variable: variable('ENABLE_TLS_V1_3'),
    help: 'Speak TLS 1.3.',
  }),
  ssl_enabled: toggle({
    default: false,
    variable: variable('ENABLED'),
    help: 'Encrypt all connections, accepted and opened ones, with TLS.',
  }),
  ssl_hostname_validation_scheme: choice(['legacy', 'openssl'])({
    default: 'legacy',
    variable: variable('HOSTNAME_VALIDATION_SCHEME'),
    help: 'Which name a certificate must have. openssl: the name that was dialled, or the address (--ssl_verify_ipadd); names of clients do not matter. legacy: the name that name servers have for the peer’s address, on both sides.',
  }),
  ssl_key_file: path({
    namesSecrets: true,
    variable: variable('KEY_FILE'),
    help: 'The private key of the certificate, as PEM, without a passphrase.',
  }),
  ssl_require_client_cert: toggle({
    default: false,
    alias: 'ssl_require_cert',
    variable: variable('REQUIRE_CLIENT_CERT', 'REQUIRE_CERT'),
    help: 'Accept clients only with a certificate of an authority that is believed. Implies --ssl_verify_server_cert.',
  }),
  ssl_support_downgrade: toggle({
    default: false,
    variable: variable('SUPPORT_DOWNGRADE'),
    help: 'Take connections without encryption, too, at the same port, and open such ones to programs that do not speak TLS: for the time in which a cluster changes over.',
  }),
  ssl_verify_depth: integer({
    default: 4,
    variable: variable('VERIFY_DEPTH', 'VERIFICATION_DEPTH'),
    help: 'The most certificates that may stand between one and its authority.',
  }),
  ssl_verify_ipadd: toggle({
    default: false,
    variable: variable('VERIFY_IPADD'),
    help: 'A certificate may also be one for the peer’s IP address.',
  }),
  ssl_verify_server_cert: toggle({
    default: false,
    alias: 'ssl_verify_cert',
    variable: variable('VERIFY_SERVER_CERT', 'VERIFY_CERT'),
    help: 'Connect only to servers with a certificate of an authority that is believed, and with the right name.',
  }),
} as const;
