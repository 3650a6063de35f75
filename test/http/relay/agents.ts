// A master that relays to a small HTTP server in an agent's place, which tells what it was asked.
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { MasterServerOptions } from '../../../src/http/master/server.ts';
import { authenticationOf } from '../../../src/http/server/authenticators.ts';
import { Credentials } from '../../../src/http/server/credentials.ts';
import { type MiniMaster, startMaster, views } from '../mini-master.ts';

export const KEY = new Uint8Array(32).fill(7);
export const AGENT = 'f3b0-S1';

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What an agent has been asked, in its order. */
interface SmallAgent {
  readonly address: string;
  readonly asked: Asked[];
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of message.setEncoding('latin1')) {
    text += piece;
  }
  return text;
}

/** Answers when the body has come, and is closed at the end of the test. */
export const answering = (
  answer: (response: ServerResponse, asked: Asked) => void = (response) => response.end('{}'),
) => {
  const asked: Asked[] = [];
  return listening((request, response) => {
    void textOf(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body };
      asked.push(one);
      answer(response, one);
    });
  }, asked);
};

export async function listening(
  listener: RequestListener,
  asked: Asked[] = [],
): Promise<SmallAgent> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, asked };
}

export const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
export const OPS = { Authorization: basic('ops:of ops') } as const;

/** One of a crowd, who may ask as well. */
export const one = (n: number) => ({ Authorization: basic(`one ${n}:of one`) });

/** `key`: absent where the agent has not authenticated. */
export async function relaying(
  address: string,
  {
    key,
    crowd = 0,
    ...options
  }: { key?: Uint8Array; crowd?: number } & Partial<MasterServerOptions> = {},
): Promise<MiniMaster> {
  const credentials = new Credentials([
    { principal: 'ops', secret: 'of ops' },
    { principal: 'low', secret: 'of low' },
    ...Array.from({ length: crowd }, (_, n) => ({ principal: `one ${n}`, secret: 'of one' })),
  ]);
  return startMaster({
    authentication: authenticationOf(
      { 'mesos-master-readonly': true, 'mesos-master-readwrite': true },
      { names: ['basic'], credentials },
    ),
    credentials,
    views: { ...views, agentPlace: (id) => (id === AGENT ? { address, key } : undefined) },
    ...options,
  });
}

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Rejects where the answer is cut off. */
export const get = (port: number, path: string, { method, headers, body }: Ask = {}) =>
  new Promise<Got>((resolve, reject) => {
    const request = httpRequest(
      { port, host: '127.0.0.1', path, method, headers: { ...OPS, ...headers }, agent: false },
      (response) => {
        textOf(response).then(
          (text) =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
          reject,
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
