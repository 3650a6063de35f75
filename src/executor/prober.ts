// Carries out the probes of checks and health checks.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Containerizer } from '../containerizer/containerizer.ts';
import { UnknownEndError } from '../containerizer/containerizer-error.ts';
import type { Container } from '../containerizer/launchers/launcher.ts';
import type { Dial } from '../containerizer/networks/dial.ts';
import { errorText } from '../model/error-text.ts';
import { timerDelay } from '../model/timer-delay.ts';
import type { Probe, ProbeOutcome, ProbeResult } from './probes.ts';

/** As many as curl, which Mesos's executors use, follows with -L. */
const MAX_REDIRECTS = 50;

/** Never rejects: a probe that cannot be carried out has failed. */
export async function probe(
  { what, timeoutMs }: Probe,
  container: Container,
  containerizer: Pick<Containerizer, 'runInside' | 'dial'>,
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
      case 'http':
        return await httpProbe(what, containerizer.dial(container.id), timeoutMs);
      case 'tcp':
        return await tcpProbe(what, containerizer.dial(container.id), timeoutMs);
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

/** For all that a probe does. */
const limitOf = (timeoutMs: number): AbortSignal =>
  timeoutMs > 0 ? AbortSignal.timeout(timerDelay(timeoutMs)) : new AbortController().signal;

async function httpProbe(
  { url }: { readonly url: string },
  dial: Dial,
  timeoutMs: number,
): Promise<ProbeResult> {
  const limit = limitOf(timeoutMs);
  try {
    return { type: 'http', statusCode: await httpStatus(url, dial, limit) };
  } catch (error) {
    if (limit.aborted) {
      return timedOut(timeoutMs);
    }
    throw error;
  }
}

/** The status of the page after redirects, which are followed in the same network. */
async function httpStatus(first: string, dial: Dial, limit: AbortSignal): Promise<number> {
  let url = new URL(first);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { statusCode, location } = await httpPage(url, dial, limit);
    if (statusCode < 300 || statusCode >= 400 || location === undefined) {
      return statusCode;
    }
    url = new URL(location, url);
  }
  throw new Error(`Maximum (${MAX_REDIRECTS}) redirects followed`);
}

/** Read to its end, and with a certificate that nobody verifies, as in Mesos. */
async function httpPage(
  url: URL,
  dial: Dial,
  signal: AbortSignal,
): Promise<{ readonly statusCode: number; readonly location: string | undefined }> {
  const { promise, resolve, reject } = Promise.withResolvers<{
    statusCode: number;
    location: string | undefined;
  }>();
  const isTls = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(url.port) || (isTls ? 443 : 80);
  const connection = await dial({ host, port }, signal);
  const options = {
    signal,
    createConnection: () => (isTls ? secured(connection, host) : connection),
  };
  try {
    const request = isTls ? httpsRequest(url, options) : httpRequest(url, options);
    request.once('error', reject);
    // All that is told of a server that switches protocols.
    const unanswered = () => reject(new Error('The connection has ended without an answer'));
    request.once('close', unanswered);
    request.once('response', (response) => {
      const { statusCode = 0, headers } = response;
      request.off('close', unanswered);
      response.once('error', reject);
      response.once('end', () => resolve({ statusCode, location: headers.location }));
      response.resume();
    });
    request.end();
    return await promise;
  } finally {
    connection.destroy();
  }
}

const secured = (socket: Socket, host: string): Socket =>
  connectTls({ socket, rejectUnauthorized: false, servername: isIP(host) === 0 ? host : '' });

async function tcpProbe(
  target: { readonly host: string; readonly port: number },
  dial: Dial,
  timeoutMs: number,
): Promise<ProbeResult> {
  const limit = limitOf(timeoutMs);
  try {
    const connection = await dial(target, limit);
    connection.destroy();
    return { type: 'tcp', succeeded: true };
  } catch {
    return limit.aborted ? timedOut(timeoutMs) : { type: 'tcp', succeeded: false };
  }
}
