// Handles new connections when no more can be accepted. A connection that begins with the question
// whether a connection is this process's own (/mesoscale/connection) is accepted: without an answer
// the asking process would take this one for a stranger. Any other gets a 503, a silent one after a
// second.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { OWNER_PATH } from '../senders/connection-owner.ts';
import { serviceUnavailable } from '../server/error-responses.ts';
import { destroyWhenWritten, responseText } from './refusal.ts';

/** The most connections handled here at once; beyond that the oldest is closed. */
const MOST = 32;
/** A connection that is silent for this long gets a 503. */
const SILENCE_MS = 1_000;

const QUESTION = Buffer.from(`GET ${OWNER_PATH}?`);

const tooMany = responseText({
  ...serviceUnavailable(`503 ${STATUS_CODES[503]}. Too many connections are open.`),
  headers: { Connection: 'close' },
});

export class LastRoom {
  readonly #refusals = new Map<Socket, () => void>();
  /** Connections with accepted questions, until they close. */
  readonly #answered = new Set<Socket>();

  /** Calls `add` when the connection is to be accepted. `secured` is the stream on the socket. */
  admit(socket: Socket, secured: Promise<Duplex>, add: (stream: Duplex) => void): void {
    let stream: Duplex | undefined;
    const leave = () => {
      clearTimeout(timer);
      this.#refusals.delete(socket);
      stream?.off('data', look);
      stream?.off('end', refuse);
      socket.off('close', leave);
    };
    const refuse = () => {
      leave();
      if (stream) {
        stream.write(tooMany, 'latin1');
        destroyWhenWritten(stream);
      } else {
        socket.destroy();
      }
    };
    const look = (bytes: Buffer) => {
      if (
        !stream ||
        !bytes.subarray(0, QUESTION.length).equals(QUESTION) ||
        this.#answered.size >= MOST
      ) {
        refuse();
        return;
      }
      leave();
      stream.pause();
      stream.unshift(bytes);
      this.#answered.add(socket);
      socket.setTimeout(SILENCE_MS, () => socket.destroy());
      socket.once('close', () => this.#answered.delete(socket));
      add(stream);
    };
    const timer = setTimeout(refuse, SILENCE_MS);
    for (const first of this.#refusals.size >= MOST ? this.#refusals.values() : []) {
      first();
      break;
    }
    this.#refusals.set(socket, refuse);
    socket.on('close', leave);
    secured.then(
      (carried) => {
        if (this.#refusals.get(socket) === refuse) {
          stream = carried;
          stream.on('data', look);
          stream.on('end', refuse);
        }
      },
      () => socket.destroy(),
    );
  }

  close(): void {
    for (const socket of [...this.#refusals.keys(), ...this.#answered]) {
      socket.destroy();
    }
  }
}
