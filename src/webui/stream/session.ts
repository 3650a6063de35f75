// Who uses the page. A session is a cookie that the master has made of credentials, which scripts
// cannot read. What was typed stays in this module only, so that the page signs in again by itself
// at a master that has been started anew; when the tab closes it is gone.
import { signal } from '@preact/signals';
import { onSignInNeeded, RequestFailure, send } from './requests.ts';

const SESSION = '/webui/session';

/** What `GET /webui/session` answers. */
interface SessionAnswer {
  readonly principal?: string;
  readonly authentication?: 'none' | 'required';
  /** Absent where it is no session that one is known by, but a certificate. */
  readonly expires_ms?: number;
  /** Whether the browser has shown a certificate, whoever one is known as. */
  readonly certificate?: boolean;
}

interface Session {
  /** Absent where nobody is signed in, or nobody needs to be. */
  readonly principal: string | undefined;
  /** Whether the master wants to know who asks. */
  readonly needed: boolean;
  /** Whether one is known by having signed in, and can sign out. */
  readonly isSignedIn: boolean;
  /** Whether the browser has shown a certificate, as others then have to. */
  readonly isCertified: boolean;
}

/** Undefined until the master has said. */
export const session = signal<Session | undefined>(undefined);
/** Whether the page waits for a person to sign in. */
export const signInAsked = signal(false);

let typed: string | undefined;
/** Goes on with what waits for a person, who has signed in or would not. */
let goOn: (signedIn: boolean) => void = () => {};
let renewing: Promise<boolean> | undefined;

/** Asks who one is. Answers of masters without sessions leave it unknown. */
export async function learnSession(): Promise<void> {
  const response = await send(SESSION, {}).catch(() => undefined);
  if (response?.ok && response.headers.get('Content-Type')?.startsWith('application/json')) {
    const { principal, authentication, expires_ms, certificate } =
      (await response.json()) as SessionAnswer;
    session.value = {
      principal,
      needed: authentication === 'required',
      isSignedIn: expires_ms !== undefined,
      isCertified: certificate === true,
    };
  }
}

/** @throws RequestFailure */
export async function signIn(name: string, secret: string): Promise<void> {
  const bytes = new TextEncoder().encode(`${name}:${secret}`);
  const header = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  await begin(header);
  typed = header;
  signInAsked.value = false;
  goOn(true);
}

/** @throws RequestFailure */
async function begin(header: string): Promise<void> {
  const response = await send(SESSION, { method: 'POST', headers: { Authorization: header } });
  if (response.status === 401 || response.status === 403) {
    throw new RequestFailure('signIn', 'The master does not know this name and secret.');
  }
  if (response.status === 429) {
    throw new RequestFailure('refused', tooManyTries(response), response.status);
  }
  if (!response.ok) {
    throw new RequestFailure('refused', `The master answered ${response.status}.`, response.status);
  }
  await learnSession();
}

const tooManyTries = ({ headers }: Response) =>
  'Too many wrong secrets came from your address. ' +
  `Try again in ${headers.get('Retry-After') ?? 'some'} seconds.`;

export async function signOut(): Promise<void> {
  typed = undefined;
  await send(SESSION, { method: 'DELETE' }).catch(() => undefined);
  location.reload();
}

/** A person has closed the dialog: what waits for the sign-in fails. */
export function refuseSignIn(): void {
  signInAsked.value = false;
  goOn(false);
}

/** By what was typed before, or else by asking. */
async function renew(): Promise<boolean> {
  if (typed !== undefined) {
    try {
      await begin(typed);
      return true;
    } catch {
      typed = undefined;
    }
  }
  signInAsked.value = true;
  return new Promise((resolve) => {
    goOn = resolve;
  });
}

onSignInNeeded(() => {
  renewing ??= renew().finally(() => {
    renewing = undefined;
  });
  return renewing;
});
