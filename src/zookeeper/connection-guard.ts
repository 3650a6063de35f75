// Below what the library node-zookeeper-client shows of itself: how it looks for servers, what it
// keeps for the next connection, and what it believes of their answers. A server may be anything
// that listens at the address; none must end the process, or take its memory or time.

/** What is not in the library's types. */
export interface LibraryConnection {
  readonly socket?: { destroy(): void };
  readonly connectTimeoutHandler?: NodeJS.Timeout | null;
  readonly state: number;
  /** What has not been sent. */
  readonly packetQueue: { readonly queue: unknown[] };
  /** What has been sent, and not answered. */
  readonly pendingQueue: unknown[];
  /** The beginning of an answer whose end has not come. */
  pendingBuffer: Buffer | null;
  findNextServer(connect: (server: unknown) => void): void;
  onSocketData(bytes: Buffer): void;
  onSocketError(error: Error): void;
  /** Ends all that has been sent with the fault. */
  cleanupPendingQueue(fault: number): void;
  on(event: 'state', listener: (state: number) => void): void;
}

/** The library's numbers. */
const DISCONNECTED = 0;
const CONNECTING = 1;
const CONNECTION_LOSS = -4;

const LENGTH_BYTES = 4;
/** A list of a million names is less. Znodes have a megabyte. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
/** The first answer: version, timeout, session, password with its length, and whether to read. */
const MOST_GREETING_BYTES = 37;
const PASSWORD_LENGTH_AT = LENGTH_BYTES + 4 + 4 + 8;
const PASSWORD_BYTES = 16;
/** The least time between two attempts: the library has none after a server that has greeted. */
const PACE_MS = 50;

interface GuardedSession {
  /** Whether the session has ended. */
  readonly isOver: () => boolean;
  /** Why an attempt to connect has failed, or a connection has broken. */
  readonly onTrouble: (text: string) => void;
}

/** To be called before it connects. */
export function guardConnection(
  connection: LibraryConnection,
  { isOver, onTrouble }: GuardedSession,
): void {
  forgetBetweenConnections(connection);
  paceAttempts(connection, isOver);
  distrustAnswers(connection);
  tellTrouble(connection, onTrouble);
}

/** The library says nothing of a name that is not found, or a port where nothing listens. */
function tellTrouble(connection: LibraryConnection, tell: (text: string) => void): void {
  const take = connection.onSocketError.bind(connection);
  connection.onSocketError = (error) => {
    // Several addresses of one name fail together.
    const errors: readonly Error[] = error instanceof AggregateError ? error.errors : [error];
    tell(errors.map(({ message }) => message).join(', '));
    take(error);
  };
}

/**
 * The library would put the beginning of an answer before those of the next connection. It queues
 * credentials and watches at each attempt, however many were in vain; and what had not been sent
 * would go before the credentials, and be refused.
 */
function forgetBetweenConnections(connection: LibraryConnection): void {
  connection.on('state', (state) => {
    if (state === DISCONNECTED) {
      connection.pendingBuffer = null;
      connection.pendingQueue.push(...connection.packetQueue.queue.splice(0));
      connection.cleanupPendingQueue(CONNECTION_LOSS);
    }
  });
}

/** The library goes on looking for a server when the session has ended. */
function paceAttempts(connection: LibraryConnection, isOver: () => boolean): void {
  const findNextServer = connection.findNextServer.bind(connection);
  let nextMs = 0;
  connection.findNextServer = (connect) =>
    findNextServer((server) => {
      const begin = () => {
        if (!isOver()) {
          nextMs = performance.now() + PACE_MS;
          connect(server);
        }
      };
      const pauseMs = nextMs - performance.now();
      pauseMs > 0 ? setTimeout(begin, pauseMs) : begin();
    });
}

/** Who answers with what ZooKeeper does not, loses the connection. */
function distrustAnswers(connection: LibraryConnection): void {
  const take = connection.onSocketData.bind(connection);
  const drop = () => {
    connection.pendingBuffer = null;
    connection.socket?.destroy();
  };
  // The library calls it for the rest of the bytes, too, after each answer.
  connection.onSocketData = (bytes) => {
    if (!isPlausible(beginning(connection.pendingBuffer, bytes), connection.state)) {
      drop();
      return;
    }
    try {
      take(bytes);
    } catch {
      // It reads beyond the end of what cannot be an answer. What is called with an answer is
      // a promise's, and throws nothing here.
      drop();
    }
  };
}

/** The first bytes of the answer, as far as they are there. */
function beginning(pending: Buffer | null, bytes: Buffer): Buffer {
  const most = PASSWORD_LENGTH_AT + LENGTH_BYTES;
  return pending === null || pending.length >= most
    ? (pending ?? bytes)
    : Buffer.concat([pending, bytes.subarray(0, most)]);
}

function isPlausible(answer: Buffer, state: number): boolean {
  if (answer.length < LENGTH_BYTES) {
    return true;
  }
  const length = answer.readInt32BE();
  if (state !== CONNECTING) {
    return length > 0 && length <= MOST_ANSWER_BYTES;
  }
  return (
    length > 0 &&
    length <= MOST_GREETING_BYTES &&
    (answer.length < PASSWORD_LENGTH_AT + LENGTH_BYTES ||
      answer.readInt32BE(PASSWORD_LENGTH_AT) === PASSWORD_BYTES)
  );
}
