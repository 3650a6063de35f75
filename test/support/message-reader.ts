// Reads the messages between masters and agents on a connection, with the code that masters and
// agents use.
import { messageName } from '../../src/http/server/message-names.ts';
import { parseTarget } from '../../src/http/transport/connection.ts';
import { RequestReader } from '../../src/http/transport/request-reader.ts';

export interface ReadMessage {
  readonly from: string;
  readonly to: string;
  readonly name: string;
  readonly body: Uint8Array;
}

export class MessageReader {
  readonly #messages: ReadMessage[] = [];
  readonly #reader = new RequestReader({
    accepts: ({ from, path }) => from !== undefined && parseTarget(path) !== undefined,
    request: ({ from = '', path }, body) => {
      const { to = '', name = '' } = parseTarget(path) ?? {};
      this.#messages.push({ from, to, name: messageName(name), body: Uint8Array.from(body) });
    },
  });

  get idle(): boolean {
    return this.#reader.idle;
  }

  /** The messages that these bytes complete. Throws where the bytes are something else. */
  push(chunk: Uint8Array): ReadMessage[] {
    const foreign = this.#reader.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
    if (foreign !== undefined || this.#reader.fault !== undefined) {
      throw new Error(`This is no message: ${foreign ?? this.#reader.fault}`);
    }
    return this.#messages.splice(0);
  }
}
