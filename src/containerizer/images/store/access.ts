// Who may have an image that is in the store already: whoever comes with the credentials that it
// was pulled with, or, if that were the agent's own, everybody. All others ask the registry first.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** By which credentials an image came: none besides the agent's own, or `SALT:DIGEST` of others. */
export type Access = string;

const AGENT: Access = 'agent';
/** Of those who have been given an image, the last ones are remembered. */
const MOST = 16;

/** Access for these credentials, besides what there was. */
export const accessWith = (
  before: readonly Access[],
  credentials: Uint8Array | undefined,
): readonly Access[] =>
  admits(before, credentials) ? before : [...before, accessBy(credentials)].slice(-MOST);

export const admits = (access: readonly Access[], credentials: Uint8Array | undefined): boolean =>
  access.includes(AGENT) ||
  (credentials !== undefined && access.some((each) => isBy(each, credentials)));

function accessBy(credentials: Uint8Array | undefined): Access {
  const salt = randomBytes(16);
  return credentials === undefined
    ? AGENT
    : `${salt.toString('hex')}:${digestOf(salt, credentials).toString('hex')}`;
}

function isBy(access: Access, credentials: Uint8Array): boolean {
  const [salt = '', text = ''] = access.split(':');
  const digest = Buffer.from(text, 'hex');
  const own = digestOf(Buffer.from(salt, 'hex'), credentials);
  return digest.length === own.length && timingSafeEqual(own, digest);
}

const digestOf = (salt: Buffer, credentials: Uint8Array) =>
  createHmac('sha256', salt).update(credentials).digest();
