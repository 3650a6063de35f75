// CRAM-MD5 (RFC 2195), as the messages of Mesos's authentication carry it: what each side makes of
// what the other one says. Only who knows secrets can compute digests, so that is asked of a
// Verifier or a Prover, and no secret is seen here.
import type { AuthenticationStartMessage } from '../model/generated/messages.ts';

export const CRAM_MD5 = 'CRAM-MD5';

/** What both sides of a handshake know, and nobody else who has the secret. */
export interface Proof {
  readonly principal: string;
  readonly challenge: string;
}

/** Knows the secrets of principals. */
export interface Verifier {
  isKnown(principal: string): boolean;
  /**
   * Whether the digest is HMAC-MD5 of the challenge under the principal's secret, in lower-case
   * hexadecimal. Takes as long for a principal that there is not.
   */
  isProof(principal: string, challenge: string, digest: string): boolean;
  /** That of both sides of the handshake; undefined where the principal has no secret any more. */
  sharedKey(proof: Proof): Uint8Array | undefined;
}

/** Knows one secret: that of this process. */
export interface Prover {
  readonly mechanism: string;
  /** Undefined where the challenge is too long to be one. */
  responseTo(challenge: Uint8Array): Uint8Array | undefined;
  /** That of both sides of the handshake which had this challenge. */
  sharedKey(challenge: string): Uint8Array;
}

/** What the side that asks for proof says next, and whether that is its last word. */
export type Verdict =
  | { readonly kind: 'challenge'; readonly challenge: string }
  | ({ readonly kind: 'authenticated' } & Proof)
  /** There is no such principal, or it has another secret. */
  | { readonly kind: 'failed'; readonly principal: string }
  | { readonly kind: 'error'; readonly error: string };

/** Bytes of a challenge or a response: as many as Cyrus SASL takes. */
const MAX_BYTES = 1_024;
/** Every byte counts: a principal with a mark of byte order in front is another one. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
/** Characters of a stranger's text in an error. */
const MAX_SHOWN = 100;

const error = (text: string): Verdict => ({ kind: 'error', error: text });
const cancelled = (why: string) => error(`SASL(-5): bad protocol / cancel: ${why}`);

/** A challenge that never comes again, in the form of a message id. `nonce` has decimal digits. */
export const challengeOf = (nonce: string, nowMs: number, hostname: string) =>
  `<${nonce}.${Math.floor(nowMs / 1_000) % CHALLENGE_SECONDS}@${hostname}>`;

/** Cyrus SASL gives the time modulo this number. */
const CHALLENGE_SECONDS = 0xff_ff_ff;

/** Judges a start. The texts of errors are those that Mesos's authenticator gives. */
export function judgeStart(
  { mechanism, data }: AuthenticationStartMessage,
  challenge: string,
): Verdict {
  if (mechanism !== CRAM_MD5) {
    const shown = mechanism.slice(0, MAX_SHOWN);
    return error(`SASL(-4): no mechanism available: Couldn't find mech ${shown}`);
  }
  return data !== undefined && data.length > 0
    ? cancelled('Remote sent first but mech does not allow it.')
    : { kind: 'challenge', challenge };
}

/**
 * Judges the response to the challenge: a principal, a space and a digest. `waitMs` tells how long
 * the next try at the secret of a principal has to wait ('' for one that is not known), so that
 * nothing is compared before.
 */
export function judgeResponse(
  challenge: string,
  response: Uint8Array,
  { verifier, waitMs }: { readonly verifier: Verifier; waitMs(principal: string): number },
): Verdict {
  if (response.length > MAX_BYTES) {
    return cancelled(`CRAM-MD5 input longer than ${MAX_BYTES} bytes`);
  }
  const text = utf8.decode(response);
  // A principal may have spaces in it.
  const space = text.lastIndexOf(' ');
  if (space <= 0) {
    return cancelled('need authentication name');
  }
  const principal = text.slice(0, space);
  const mostMs = waitMs(verifier.isKnown(principal) ? principal : '');
  if (mostMs > 0) {
    return error(`Too many wrong secrets: try again in ${Math.ceil(mostMs / 1_000)} secs`);
  }
  return verifier.isProof(principal, challenge, text.slice(space + 1))
    ? { kind: 'authenticated', principal, challenge }
    : { kind: 'failed', principal };
}

/** What only who knows a secret can compute. */
export interface OfSecret {
  /** What a Verifier expects. */
  digestOf(challenge: Uint8Array): string;
  sharedKey(challenge: string): Uint8Array;
}

/** Proves to be the principal. */
export const proverOf = (principal: string, { digestOf, sharedKey }: OfSecret): Prover => ({
  mechanism: CRAM_MD5,
  responseTo: (challenge) =>
    challenge.length > MAX_BYTES
      ? undefined
      : new TextEncoder().encode(`${principal} ${digestOf(challenge)}`),
  sharedKey,
});
