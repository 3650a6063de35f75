// The sessions of people who use the page: who has authenticated once is known by a token for some
// hours. The token says who it is, and is signed with a key that only this process has: nothing is
// kept of a session, and none outlasts the master. What is kept is which have ended early.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Principal } from '../../security/principal.ts';

export interface SessionsOptions {
  readonly nowMs: () => number;
  /** Another number after each exchange of credentials, with which all sessions end. */
  readonly generation: () => number;
}

/** What a token says. */
interface Session {
  readonly id: string;
  readonly principal: Principal;
  /** The IP address of the browser: cookies are not kept from other ports of the same host. */
  readonly origin: string;
  readonly beganMs: number;
  readonly expiresMs: number;
  readonly generation: number;
}

export interface Begun {
  readonly token: string;
  readonly expiresMs: number;
}

export type Believed =
  | { readonly principal: Principal; readonly expiresMs: number }
  /** Why the token is not believed. */
  | { readonly why: string };

export const SESSION_MS = 12 * 60 * 60_000;
/** Browsers keep no larger cookies. */
const MAX_TOKEN_LENGTH = 3_800;
/** The most sessions of a principal that are remembered as ended; beyond that all of it end. */
const MAX_ENDED = 256;

/** The name of the principal is too long for a cookie. */
export class LongPrincipalError extends Error {
  readonly code = 'MESOSCALE_LONG_PRINCIPAL';
}

/** Of one principal. */
interface Ends {
  /** Sessions that began before are over. */
  beforeMs: number;
  /** When each of those that ended early would have ended, by their ids. */
  readonly ids: Map<string, number>;
}

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #key = randomBytes(32);
  /** By principal, of which there are those who have credentials or a certificate. */
  readonly #ends = new Map<string, Ends>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Throws LongPrincipalError. */
  begin(principal: Principal, origin: string): Begun {
    const { nowMs, generation } = this.#options;
    const beganMs = nowMs();
    const expiresMs = beganMs + SESSION_MS;
    const id = randomBytes(16).toString('base64url');
    const session: Session = {
      ...{ id, principal, origin, beganMs, expiresMs },
      generation: generation(),
    };
    const text = Buffer.from(JSON.stringify(session)).toString('base64url');
    const token = `${text}.${this.#signature(text).toString('base64url')}`;
    if (token.length > MAX_TOKEN_LENGTH) {
      throw new LongPrincipalError(
        'The name and claims of the principal are too long for a cookie',
      );
    }
    return { token, expiresMs };
  }

  /** Who has the session, as a browser at this address. */
  believe(token: string, origin: string): Believed {
    const session = this.#read(token, origin);
    return 'why' in session
      ? session
      : { principal: session.principal, expiresMs: session.expiresMs };
  }

  /** Ends the session, wherever its token is known. */
  end(token: string, origin: string): void {
    const session = this.#read(token, origin);
    if ('why' in session) {
      return;
    }
    const name = nameOf(session.principal);
    const ends = this.#ends.get(name) ?? { beforeMs: 0, ids: new Map<string, number>() };
    this.#ends.set(name, ends);
    const nowMs = this.#options.nowMs();
    if (ends.ids.size >= MAX_ENDED) {
      forgetOver(ends, nowMs);
    }
    if (ends.ids.size >= MAX_ENDED) {
      ends.beforeMs = nowMs;
      ends.ids.clear();
    }
    ends.ids.set(session.id, session.expiresMs);
  }

  #read(token: string, origin: string): Session | { readonly why: string } {
    const [text = '', proof = '', ...more] = token.split('.', 3);
    const given = Buffer.from(proof, 'base64url');
    const expected = this.#signature(text);
    const isWhole = token.length <= MAX_TOKEN_LENGTH && more.length === 0;
    if (!isWhole || given.length !== expected.length || !timingSafeEqual(given, expected)) {
      return { why: 'a session that this master has not begun' };
    }
    const session = JSON.parse(Buffer.from(text, 'base64url').toString()) as Session;
    const ends = this.#ends.get(nameOf(session.principal));
    if (session.expiresMs <= this.#options.nowMs()) {
      return { why: 'a session that is over' };
    }
    if (ends !== undefined && (session.beganMs <= ends.beforeMs || ends.ids.has(session.id))) {
      return { why: 'a session that was ended' };
    }
    if (session.generation !== this.#options.generation()) {
      return { why: 'a session from before the credentials were exchanged' };
    }
    return session.origin === origin ? session : { why: 'a session of another address' };
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

const nameOf = ({ value, claims }: Principal) => JSON.stringify([value, claims]);

function forgetOver({ ids }: Ends, nowMs: number): void {
  for (const [id, expiresMs] of ids) {
    if (expiresMs <= nowMs) {
      ids.delete(id);
    }
  }
}
