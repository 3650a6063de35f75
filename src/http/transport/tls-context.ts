// Turns what files hold, and the terms of an operator, into what node:tls uses.
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { TlsMaterial } from './tls-files.ts';
import { TLS_VERSIONS, TlsSettingError, type TlsTerms, type TlsVersion } from './tls-settings.ts';

/** Sessions begin and go on with programs of Mesoscale only. */
const SESSION_CONTEXT = 'mesoscale';
/** OpenSSL takes TLS 1.0 and 1.1 on its lowest level only. */
const OLD_LEVEL = '@SECLEVEL=0';
/** The ciphers of TLS 1.3; the list of an operator is about those before, as in OpenSSL. */
const CIPHERS_1_3 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

const OFF: Readonly<Record<TlsVersion, number>> = {
  TLSv1: constants.SSL_OP_NO_TLSv1,
  'TLSv1.1': constants.SSL_OP_NO_TLSv1_1,
  'TLSv1.2': constants.SSL_OP_NO_TLSv1_2,
  'TLSv1.3': constants.SSL_OP_NO_TLSv1_3,
};

/** Throws TlsSettingError where OpenSSL does not take them. */
export function contextOptions(material: TlsMaterial, terms: TlsTerms): SecureContextOptions {
  const { cert, key, ca, crl } = material;
  const options = { ...termOptions(terms), cert, key, ca: [...ca], crl };
  try {
    createSecureContext(options);
  } catch (error) {
    // Each part has been tried by itself. What is left is, for example, a key that is too short.
    throw new TlsSettingError(`ssl_cert_file: OpenSSL refuses it (${(error as Error).message})`, {
      cause: error,
    });
  }
  return options;
}

/** Ciphers of Mesos's default list that OpenSSL has no more. */
const GONE: ReadonlySet<string> = new Set(['RC4-SHA', 'DHE-DSS-AES128-SHA', 'DHE-DSS-AES256-SHA']);

/** Which ciphers of the list OpenSSL does not know, but for those that all lists have. */
export const unknownCiphers = (ciphers: string): readonly string[] =>
  ciphers
    .split(':')
    .filter((name) => /^\w/.test(name) && !GONE.has(name) && !isTaken({ ciphers: name }));

function termOptions({ ciphers, curves, versions }: TlsTerms): SecureContextOptions {
  const [oldest] = versions;
  const newest = versions.at(-1);
  if (oldest === undefined || newest === undefined) {
    throw new TlsSettingError('ssl_enable_tls_v1_2: no version of TLS is enabled');
  }
  if (!isTaken({ ciphers })) {
    throw new TlsSettingError(`ssl_ciphers: OpenSSL knows none of '${ciphers}'`);
  }
  if (!isTaken({ ecdhCurve: curves })) {
    throw new TlsSettingError(`ssl_ecdh_curve: OpenSSL does not know '${curves}'`);
  }
  const isOld = oldest === 'TLSv1' || oldest === 'TLSv1.1';
  const off = TLS_VERSIONS.filter((version) => !versions.includes(version));
  return {
    ciphers: `${ciphers}:${CIPHERS_1_3}${isOld ? `:${OLD_LEVEL}` : ''}`,
    ecdhCurve: curves,
    minVersion: oldest,
    maxVersion: newest,
    honorCipherOrder: true,
    sessionIdContext: SESSION_CONTEXT,
    secureOptions: off.reduce(
      (options, version) => options | OFF[version],
      // A peer that renegotiates, again and again or as somebody else, is refused.
      constants.SSL_OP_NO_RENEGOTIATION,
    ),
  };
}

function isTaken(options: SecureContextOptions): boolean {
  try {
    createSecureContext(options);
    return true;
  } catch {
    return false;
  }
}
