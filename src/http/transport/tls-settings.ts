// What an operator says about TLS. Names and meanings are those of libprocess's variables
// LIBPROCESS_SSL_*.

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof TLS_VERSIONS)[number];

/**
 * How the name in a certificate is checked. `openssl`: clients expect the name, or the address,
 * that they have dialled. `legacy`: both sides expect the name that name servers have for the
 * peer's address.
 */
export type NameScheme = 'legacy' | 'openssl';

export interface TlsFiles {
  /** The certificate, and those between it and its authority. */
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly caFile: string | undefined;
  readonly caDir: string | undefined;
  /** Which certificates their authorities believe no more. */
  readonly crlFile?: string | undefined;
}

/** What both sides agree on in a handshake. */
export interface TlsTerms {
  /** OpenSSL's list. */
  readonly ciphers: string;
  /** OpenSSL's list, or `auto`. */
  readonly curves: string;
  readonly versions: readonly TlsVersion[];
}

/** What is asked of a peer's certificate. */
export interface TlsTrust {
  readonly verifiesServers: boolean;
  readonly requiresClients: boolean;
  /** The most certificates between the peer's and its authority's. */
  readonly depth: number;
  /** Whether a certificate may be one for the peer's IP address. */
  readonly verifiesIp: boolean;
  readonly scheme: NameScheme;
}

export interface TlsSettings {
  readonly files: TlsFiles;
  readonly terms: TlsTerms;
  readonly trust: TlsTrust;
  /** Whether connections without encryption are taken at the same port, and opened. */
  readonly downgrades: boolean;
}

/** A setting cannot be used. The message begins with its name: `ssl_key_file: …`. */
export class TlsSettingError extends Error {
  readonly code = 'MESOSCALE_TLS_SETTING';
}
