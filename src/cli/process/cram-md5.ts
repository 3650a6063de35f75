// The digests of CRAM-MD5, for those that know secrets, and the key that two have once one of them
// has proved to know the other's.
import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential, Credentials } from '../../http/server/credentials.ts';
import { type Prover, proverOf, type Verifier } from '../../security/cram-md5.ts';

const digestOf = (secret: string, challenge: string | Uint8Array) =>
  createHmac('md5', secret).update(challenge).digest('hex');

/** No other key comes of this name. */
const KEY_LABEL = 'mesoscale/agent-and-master/1';
const KEY_BYTES = 32;

/**
 * Others of a group may have the secret, too; but they do not know the challenge of this handshake,
 * where connections are encrypted.
 */
const keyOf = (secret: string, challenge: string) =>
  new Uint8Array(hkdfSync('sha256', secret, challenge, KEY_LABEL, KEY_BYTES));

/** Knows the secrets of the credentials. */
export function cramMd5Verifier(credentials: Credentials): Verifier {
  /** Nobody's: so that the answer about an unknown principal takes as long. */
  const nobodys = randomBytes(16).toString('hex');
  return {
    isKnown: (principal) => credentials.secretOf(principal) !== undefined,
    isProof: (principal, challenge, digest) => {
      const secret = credentials.secretOf(principal);
      const expected = Buffer.from(digestOf(secret ?? nobodys, challenge));
      const given = Buffer.from(digest);
      return (
        given.length === expected.length && timingSafeEqual(given, expected) && secret !== undefined
      );
    },
    sharedKey: ({ principal, challenge }) => {
      const secret = credentials.secretOf(principal);
      return secret === undefined ? undefined : keyOf(secret, challenge);
    },
  };
}

/** Proves to know the secret of the credential. */
export const cramMd5Prover = ({ principal, secret }: Credential): Prover =>
  proverOf(principal, {
    digestOf: (challenge) => digestOf(secret, challenge),
    sharedKey: (challenge) => keyOf(secret, challenge),
  });
