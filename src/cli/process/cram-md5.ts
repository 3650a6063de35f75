// The digests of CRAM-MD5, for those that know secrets.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Credential, Credentials } from '../../http/server/credentials.ts';
import { type Prover, proverOf, type Verifier } from '../../security/cram-md5.ts';

const digestOf = (secret: string, challenge: string | Uint8Array) =>
  createHmac('md5', secret).update(challenge).digest('hex');

/** Knows the secrets of the credentials. */
export function cramMd5Verifier(credentials: Credentials): Verifier {
  /** Nobody's: so that the answer about an unknown principal takes as long. */
  const nobodys = randomBytes(16).toString('hex');
  return {
    isProof: (principal, challenge, digest) => {
      const secret = credentials.secretOf(principal);
      const expected = Buffer.from(digestOf(secret ?? nobodys, challenge));
      const given = Buffer.from(digest);
      return (
        given.length === expected.length && timingSafeEqual(given, expected) && secret !== undefined
      );
    },
  };
}

/** Proves to know the secret of the credential. */
export const cramMd5Prover = ({ principal, secret }: Credential): Prover =>
  proverOf(principal, (challenge) => digestOf(secret, challenge));
