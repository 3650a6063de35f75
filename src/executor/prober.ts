// Carries out the probes of checks and health checks.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Container, Containerizer } from '../containerizer/containerizer.ts';
import type { Probe, ProbeResult } from './probes.ts';

const maxRedirects = 10;

/** Never rejects: what cannot be done is a failure of the probe. */
export async function probe(
  { what, timeoutMs }: Probe,
  container: Container,
  containerizer: Containerizer,
): Promise<ProbeResult> {
  try {
    switch (what.type) {
      case 'command': {
        const waitStatus = await containerizer.runInside({
          container,
          command: what.command,
          timeoutMs,
        });
        return waitStatus === undefined ? timedOut(timeoutMs) : { type: 'command', waitStatus };
      }
      case 'http': {
        const statusCode = await httpStatus(new URL(what.url), timeoutMs, maxRedirects);
        return { type: 'http', statusCode };
      }
      case 'tcp':
        return await tcpProbe(what, timeoutMs);
    }
  } catch (error) {
    return { type: 'failure', text: error instanceof Error ? error.message : String(error) };
  }
}

const timedOut = (timeoutMs: number): ProbeResult => ({
  type: 'failure',
  text: `Timed out after ${timeoutMs / 1000} seconds`,
});

function deadline(timeoutMs: number): AbortSignal | undefined {
  return timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined;
}

/** The status of the page at the end of redirects. Certificates are not verified, as in Mesos. */
function httpStatus(url: URL, timeoutMs: number, redirects: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const startedMs = performance.now();
  const signal = deadline(timeoutMs);
  const options = { agent: false, ...(signal !== undefined && { signal }) } as const;
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, rejectUnauthorized: false })
      : httpRequest(url, options);
  request.once('error', reject);
  request.once('response', (response) => {
    const { statusCode = 0, headers } = response;
    response.destroy();
    if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirects > 0) {
      // What is left of the time; a timeout of none stays none.
      const leftMs = timeoutMs > 0 ? Math.max(1, timeoutMs - (performance.now() - startedMs)) : 0;
      resolve(httpStatus(new URL(headers.location, url), leftMs, redirects - 1));
    } else {
      resolve(statusCode);
    }
  });
  request.end();
  return promise;
}

function tcpProbe(
  { host, port }: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<ProbeResult> {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const socket = connect({ host, port });
  if (timeoutMs > 0) {
    socket.setTimeout(timeoutMs, () => {
      resolve(timedOut(timeoutMs));
      socket.destroy();
    });
  }
  socket.once('error', () => resolve({ type: 'tcp', succeeded: false }));
  socket.once('connect', () => {
    resolve({ type: 'tcp', succeeded: true });
    socket.destroy();
  });
  return promise;
}
