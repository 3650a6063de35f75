// The first record of a body that goes on for as long as the client likes. An agent decides by it
// about the request, which until then holds a place that others may need.
import type { IncomingMessage } from 'node:http';
import { RecordReader } from '../../wire/record-io.ts';
import { WireError } from '../../wire/wire-error.ts';
import { badRequest, requestTimeout } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import { MAX_CALL_BYTES } from '../transport/limits.ts';

/** Resolves when it has come, or to what refuses the request; never where the client has gone. */
export function firstRecord(
  stream: IncomingMessage,
  mostMs: number,
): Promise<HttpResponse | undefined> {
  const { promise, resolve } = Promise.withResolvers<HttpResponse | undefined>();
  const reader = new RecordReader(MAX_CALL_BYTES);
  const end = (refusal?: HttpResponse) => {
    clearTimeout(timer);
    stream.off('data', take);
    resolve(refusal);
  };
  const take = (piece: Buffer) => {
    try {
      if (reader.push(piece).length > 0) {
        end();
      }
    } catch (error) {
      if (!(error instanceof WireError)) {
        throw error;
      }
      end(badRequest(error.message));
    }
  };
  const timer = setTimeout(() => end(requestTimeout), mostMs).unref();
  stream.on('data', take);
  stream.once('end', () => end());
  stream.once('close', () => clearTimeout(timer));
  return promise;
}
