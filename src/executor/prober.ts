// Carries out the probes of checks and health checks.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import type { Containerizer } from '../containerizer/containerizer.ts';
import { UnknownEndError } from '../containerizer/containerizer-error.ts';
import type { Container } from '../containerizer/launchers/launcher.ts';
import { errorText } from '../model/error-text.ts';
import { timerDelay } from '../model/timer-delay.ts';
import type { Probe, ProbeOutcome, ProbeResult } from './probes.ts';

/** As many as curl, which Mesos's executors use, follows with -L. */
const MAX_REDIRECTS = 50;

/** Never rejects: a probe that cannot be carried out has failed. */
export async function probe(
  { what, timeoutMs }: Probe,
  container: Container,
  containerizer: Containerizer,
): Promise<ProbeOutcome> {
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
        const statusCode = await httpStatus(what.url, timeoutMs);
        return { type: 'http', statusCode };
      }
      case 'tcp':
        return await tcpProbe(what, timeoutMs);
    }
  } catch (error) {
    if (error instanceof UnknownEndError) {
      return { type: 'unknown' };
    }
    return { type: 'failure', text: errorText(error) };
  }
}

const timedOut = (timeoutMs: number): ProbeResult => ({
  type: 'failure',
  text: `Timed out after ${timeoutMs / 1000} seconds`,
});

/** The status of the page after redirects, all within one timeout. */
async function httpStatus(first: string, timeoutMs: number): Promise<number> {
  const signal = timeoutMs > 0 ? AbortSignal.timeout(timerDelay(timeoutMs)) : undefined;
  let url = new URL(first);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { statusCode, location } = await httpPage(url, signal);
    if (statusCode < 300 || statusCode >= 400 || location === undefined) {
      return statusCode;
    }
    url = new URL(location, url);
  }
  throw new Error(`Maximum (${MAX_REDIRECTS}) redirects followed`);
}

/** Read to its end, and with a certificate that nobody verifies, as in Mesos. */
function httpPage(
  url: URL,
  signal: AbortSignal | undefined,
): Promise<{ readonly statusCode: number; readonly location: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    statusCode: number;
    location: string | undefined;
  }>();
  const options = { agent: false, ...(signal !== undefined && { signal }) } as const;
  const request =
    url.protocol === 'https:'
      ? httpsRequest(url, { ...options, rejectUnauthorized: false })
      : httpRequest(url, options);
  request.once('error', reject);
  request.once('response', (response) => {
    const { statusCode = 0, headers } = response;
    response.once('error', reject);
    response.once('end', () => resolve({ statusCode, location: headers.location }));
    response.resume();
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
    socket.setTimeout(timerDelay(timeoutMs), () => {
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
