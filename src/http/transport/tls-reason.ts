// Why a connection with TLS failed, in words that tell an operator what to change.

/** What is wrong with a client that must show one. */
export const NO_CERTIFICATE =
  'it shows no certificate (ssl_cert_file and ssl_key_file; --cert and --key of curl)';

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate has expired',
  CERT_REVOKED: 'the certificate is revoked (ssl_crl_file)',
  CERT_NOT_YET_VALID: 'the certificate is not valid yet',
  CRL_HAS_EXPIRED: 'the list of revoked certificates has expired (ssl_crl_file)',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is signed by itself, and none of the authorities',
  ECONNRESET: 'the other side has hung up (does it speak TLS, and does it accept our certificate?)',
  EPROTO: 'the other side does not speak TLS',
  ERR_SSL_CERTIFICATE_VERIFY_FAILED: 'the certificate cannot be verified',
  ERR_SSL_HTTP_REQUEST: 'the other side does not speak TLS',
  ERR_SSL_NO_SHARED_CIPHER: 'no cipher is in the lists of both sides (ssl_ciphers)',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'the other side does not speak TLS',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: NO_CERTIFICATE,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'the other side asks for a certificate of ours',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION:
    'the other side takes no version of TLS that is enabled here (ssl_enable_tls_v1_…)',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'the other side does not know the authority of our certificate',
  ERR_SSL_UNSUPPORTED_PROTOCOL:
    'the other side takes no version of TLS that is enabled here (ssl_enable_tls_v1_…)',
  ERR_SSL_WRONG_VERSION_NUMBER: 'the other side does not speak TLS',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'the handshake takes too long',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate is of an authority that is not known (ssl_ca_file)',
  UNABLE_TO_GET_CRL: 'no list of revoked certificates is of its authority (ssl_crl_file)',
  UNABLE_TO_GET_ISSUER_CERT: 'the certificate is of an authority that is not known (ssl_ca_file)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'the certificate is of an authority that is not known (ssl_ca_file)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'the certificate is of an authority that is not known (ssl_ca_file)',
};

export function reasonOf(error: Error): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? (message || code);
}
