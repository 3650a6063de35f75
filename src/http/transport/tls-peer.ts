// Whether a peer's certificate is one of those that are asked for. OpenSSL has checked signatures
// and times; this is about the length of its chain, and the names in it.
import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { checkServerIdentity, type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { TlsTrust } from './tls-settings.ts';

/**
 * The subject of a client's certificate, a line for each part (`CN=…`). Undefined on connections
 * where none is asked for, and verified.
 */
export const verifiedSubject = (stream: Duplex): string | undefined =>
  stream instanceof TLSSocket && stream.authorized
    ? stream.getPeerX509Certificate()?.subject
    : undefined;

/** A certificate, that of its issuer, and so on. */
export function chainOf(certificate: DetailedPeerCertificate): readonly DetailedPeerCertificate[] {
  const chain = new Set<DetailedPeerCertificate>();
  // The last one has signed itself, or its issuer is not known.
  for (
    let next: DetailedPeerCertificate | undefined = certificate;
    next !== undefined && !chain.has(next);
    next = next.issuerCertificate
  ) {
    chain.add(next);
  }
  return [...chain];
}

/** Whether all certificates are known, up to one that has signed itself. */
export function isComplete(chain: readonly DetailedPeerCertificate[]): boolean {
  const last = chain.at(-1);
  return last !== undefined && last.issuerCertificate === last;
}

/** Why the chain is too long; undefined where it is not. Its two ends do not count. */
export function tooLong(
  chain: readonly DetailedPeerCertificate[],
  { depth }: TlsTrust,
): string | undefined {
  const between = chain.length - 2;
  return between > depth
    ? `${between} certificates stand between it and its authority, and ssl_verify_depth is ${depth}`
    : undefined;
}

/** A peer, as far as it is known before it shows its certificate. */
export interface ExpectedPeer {
  /** Undefined where only its address is known. */
  readonly name: string | undefined;
  readonly ip: string;
}

/** Why it is not the certificate of the peer that was dialled, in libprocess's scheme `openssl`. */
export function unlikeDialled(
  certificate: DetailedPeerCertificate,
  { name, ip }: ExpectedPeer,
  { verifiesIp }: TlsTrust,
): string | undefined {
  if (name === undefined && !verifiesIp) {
    return `${ip} was dialled by its address, which counts with ssl_verify_ipadd only`;
  }
  return checkServerIdentity(name ?? ip, certificate)?.message;
}

/**
 * Why it is not the certificate of the peer at the address, in libprocess's scheme `legacy`. The
 * name is what name servers call that; where they have none, the address is taken for its name.
 */
export function unlikeKnown(
  certificate: X509Certificate,
  { name, ip }: ExpectedPeer,
  { verifiesIp }: TlsTrust,
): string | undefined {
  const isIp = verifiesIp && certificate.checkIP(ip) !== undefined;
  const isName =
    certificate.checkHost(name ?? ip, { wildcards: false, subject: 'always' }) !== undefined;
  const expected = name === undefined ? ip : `${name}, as name servers call ${ip}`;
  return isIp || isName
    ? undefined
    : `the certificate is none for ${expected} (ssl_verify_ipadd, ssl_hostname_validation_scheme)`;
}
