// What is open on a master or agent that runs: whom it answers, and what its flags tell.
import { OperatorClient } from '../../http/client/operator-client.ts';
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import type { Credential } from '../../http/server/credentials.ts';
import { type Dialer, plainDialer } from '../../http/transport/dialer.ts';
import type { Finding } from './finding.ts';
import { flagOpenings, type Opening, type ServerKind } from './flag-findings.ts';
import { SecureError } from './secure-error.ts';

export interface Server {
  readonly kind: ServerKind;
  /** host:port. */
  readonly address: string;
  /** Undefined where this command has no settings of TLS. */
  readonly tls: TlsDialers | undefined;
  readonly credential: Credential | undefined;
}

export interface TlsDialers {
  /** Shows the certificate of this command, where it has one. */
  readonly own: Dialer;
  readonly withoutCertificate: Dialer;
}

const TIMEOUT_MS = 10_000;

/** Rejects with SecureError where it cannot be asked. */
export async function serverFindings(server: Server): Promise<readonly Finding[]> {
  const openings = [...(await connectionOpenings(server)), ...(await flagsOpenings(server))];
  return openings.map((opening) => ({ place: server.address, ...opening }));
}

async function connectionOpenings(server: Server): Promise<readonly Opening[]> {
  const openings: Opening[] = [];
  if (await answers(server, plainDialer)) {
    openings.push({
      what: 'it takes connections that are not encrypted',
      remedy: 'Start it with --ssl_enabled, and without --ssl_support_downgrade.',
    });
  }
  if (server.tls !== undefined && (await answers(server, server.tls.withoutCertificate))) {
    openings.push({
      what: 'it takes connections of those who have no certificate',
      remedy: 'Start it with --ssl_require_client_cert.',
    });
  }
  return openings;
}

/** Whether it is well, for those who connect in this way; nobody needs a credential for that. */
async function answers({ address }: Server, dialer: Dialer): Promise<boolean> {
  try {
    await new OperatorClient({ address, dialer, timeoutMs: TIMEOUT_MS }).get('/health');
    return true;
  } catch {
    return false;
  }
}

async function flagsOpenings(server: Server): Promise<readonly Opening[]> {
  const isOpen = typeof (await flagsFor(server, undefined)) !== 'number';
  const flags = await flagsFor(server, server.credential);
  const openings: readonly Opening[] = isOpen
    ? [
        {
          what: 'whoever reaches its port reads its flags and its state',
          remedy: 'Start it with --authenticate_http_readonly.',
        },
      ]
    : [];
  return typeof flags === 'number'
    ? [...openings, unread(server, flags)]
    : [...openings, ...flagOpenings(server.kind, flags)];
}

const unread = ({ credential }: Server, status: number): Opening => ({
  what: `what else is open is not known, for its flags are not shown to ${credential?.principal ?? 'nobody'} (status ${status})`,
  remedy: 'Ask with --principal and --secret of an operator who may see them (view_flags).',
});

/** The status where it refuses to show them. Rejects with SecureError. */
async function flagsFor(
  { address, kind, tls }: Server,
  credential: Credential | undefined,
): Promise<Readonly<Record<string, string>> | number> {
  const dialer = tls?.own ?? plainDialer;
  const client = new OperatorClient({ address, dialer, credential, timeoutMs: TIMEOUT_MS });
  try {
    const answer = (await client.get('/flags')) as { flags?: Record<string, string> } | undefined;
    return answer?.flags ?? {};
  } catch (error) {
    const status = error instanceof CallRefusedError ? error.status : undefined;
    if (status === 401 || status === 403) {
      return status;
    }
    throw new SecureError(
      `The ${kind} at ${address} cannot be asked: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
