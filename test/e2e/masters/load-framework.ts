// A framework that keeps a few tasks running, whichever master leads, and writes down all that it
// is told. It closes no stream of a master of its own accord: what one sends that leads no more is
// to be seen.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { RecordReader } from '../../../src/wire/record-io.ts';
import type { Chance } from '../../simulation/chance.ts';
import { LITTLE } from '../../support/cluster.ts';
import { ask, begin } from '../../support/requests.ts';
import type { Ledger, Status } from './ledger.ts';

interface Identifier {
  readonly value: string;
}

interface Event {
  readonly type: string;
  readonly subscribed?: {
    readonly framework_id: Identifier;
    readonly master_info: { readonly id: string };
  };
  readonly offers?: { readonly offers: readonly Offer[] };
  readonly update?: { readonly status: Status & { readonly agent_id?: Identifier } };
  readonly error?: { readonly message: string };
}

interface Offer {
  readonly id: Identifier;
  readonly agent_id: Identifier;
}

interface Stream {
  readonly address: string;
  readonly id: string;
  /** The id of the MasterInfo; '' before SUBSCRIBED. */
  master: string;
}

interface LoadOptions {
  readonly name: string;
  readonly ledger: Ledger;
  readonly chance: Chance;
  readonly startsFile: string;
  /** Tasks that run until this file is there. */
  readonly releaseFile: string;
}

const MOST_TASKS = 4;
/** Of them, those that run from the beginning to the end. */
const LONG_TASKS = 1;
const LONGEST_TASK_MS = 1_500;
const RETRY_MS = 100;
const RECONCILE_MS = 1_000;
const LONGEST_CALL_MS = 5_000;

export class LoadFramework {
  readonly #options: LoadOptions;
  readonly #over = new AbortController();
  #id: Identifier | undefined;
  #leader: string | undefined;
  /** How many masters it has turned to: the last one is the one to subscribe with. */
  #turns = 0;
  #stream: Stream | undefined;
  #launches = 0;
  #isEnding = false;
  /** Resolves when the last question of #reconcile has been taken. */
  #asked: Promise<unknown> = Promise.resolve();
  /** Tasks whose ACCEPT may still be carried out: with whom, and whether that is to be expected. */
  readonly #accepting = new Set<string>();

  constructor(options: LoadOptions) {
    this.#options = options;
    void this.#reconcile();
  }

  /** The master that the stream is with. */
  get master(): string | undefined {
    return this.#stream?.address;
  }

  /** Tells which master leads. */
  lead(address: string | undefined): void {
    // Who hears of the same one again, or of none between, subscribes with it already.
    if (address !== undefined && address !== this.#leader) {
      this.#leader = address;
      this.#turns++;
      void this.#subscribe(address, this.#turns);
    }
  }

  /** Launches nothing more. */
  end(): void {
    this.#isEnding = true;
  }

  stop(): void {
    this.#over.abort();
  }

  /** Until another master leads. */
  async #subscribe(address: string, turn: number): Promise<void> {
    while (turn === this.#turns && !this.#over.signal.aborted) {
      await this.#listen(address).catch(() => undefined);
      await pause(RETRY_MS);
    }
  }

  /** Resolves when the stream ends, or none begins. */
  async #listen(address: string): Promise<void> {
    const known = this.#id === undefined ? {} : { framework_id: this.#id };
    const framework_info = {
      ...{ user: 'root', name: this.#options.name, roles: ['*'], failover_timeout: 3_600 },
      capabilities: [{ type: 'MULTI_ROLE' }, { type: 'PARTITION_AWARE' }],
      ...{ checkpoint: true, ...(this.#id === undefined ? {} : { id: this.#id }) },
    };
    const call = { type: 'SUBSCRIBE', ...known, subscribe: { framework_info } };
    const { path, headers, body } = request(call, '');
    const head = { method: 'POST', headers, signal: this.#over.signal };
    const sent = begin(address, path, head).end(body);
    const [answer]: IncomingMessage[] = await once(sent, 'response');
    if (answer?.statusCode !== 200) {
      answer?.destroy();
      return;
    }
    const id = String(answer.headers['mesos-stream-id']);
    const stream = { address, id, master: '' };
    const reader = new RecordReader();
    // In the turn of the loop in which it comes: the order among masters counts.
    answer.on('data', (chunk: Buffer) => {
      for (const record of reader.push(chunk)) {
        this.#take(stream, JSON.parse(Buffer.from(record).toString()));
      }
    });
    await once(answer, 'close');
  }

  #take(stream: Stream, { type, subscribed, offers, update, error }: Event): void {
    const { ledger, name } = this.#options;
    if (subscribed !== undefined) {
      this.#id = subscribed.framework_id;
      stream.master = subscribed.master_info.id;
      if (stream.address === this.#leader) {
        this.#stream = stream;
      }
    }
    ledger.effect(stream.master, `${type} to ${name}`);
    if (error !== undefined) {
      ledger.fault(`${name} got ERROR: ${error.message}`);
    }
    for (const offer of offers?.offers ?? []) {
      void this.#answer(stream, offer);
    }
    if (update !== undefined) {
      void this.#learn(stream, update.status);
    }
  }

  async #answer(stream: Stream, offer: Offer): Promise<void> {
    const { ledger, name, chance } = this.#options;
    const isFull = ledger.open(`${name}-`).length >= MOST_TASKS;
    const filters = { refuse_seconds: 0.2 };
    const offer_ids = [offer.id];
    if (isFull || this.#isEnding) {
      await this.#call(stream, { type: 'DECLINE', decline: { offer_ids, filters } });
      return;
    }
    const id = `${name}-${this.#launches++}`;
    const { startsFile, releaseFile } = this.#options;
    const work =
      this.#launches <= LONG_TASKS
        ? `until test -e ${releaseFile}; do sleep 0.1; done`
        : `sleep ${chance.int(0, LONGEST_TASK_MS) / 1000}`;
    const task = {
      ...{ name: id, task_id: { value: id }, agent_id: offer.agent_id, resources: LITTLE },
      command: { value: `echo ${id} >> ${startsFile}; ${work}` },
    };
    ledger.launched(id, offer.agent_id.value);
    this.#accepting.add(id);
    const operations = [{ type: 'LAUNCH', launch: { task_infos: [task] } }];
    const accept = { offer_ids, operations, filters };
    const isAnswered = await this.#call(stream, { type: 'ACCEPT', accept });
    // One that was not answered may still be carried out, as long as that master leads.
    while (!isAnswered && this.#stream === stream && !this.#over.signal.aborted) {
      await pause(RETRY_MS);
    }
    this.#accepting.delete(id);
  }

  async #learn(stream: Stream, status: Status & { readonly agent_id?: Identifier }): Promise<void> {
    const { ledger } = this.#options;
    ledger.told(status);
    const { uuid, task_id, agent_id } = status;
    if (uuid === undefined) {
      return;
    }
    const acknowledge = { agent_id, task_id, uuid };
    // One that overtook a question about its task would be answered: the agent knows of none.
    await this.#asked;
    if (await this.#call(stream, { type: 'ACKNOWLEDGE', acknowledge })) {
      ledger.acknowledged(task_id.value, uuid);
    }
  }

  /** Asks about tasks that have not ended, again and again. */
  async #reconcile(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await pause(RECONCILE_MS);
      const stream = this.#stream;
      const tasks = this.#options.ledger
        .open(`${this.#options.name}-`)
        .filter(({ id }) => !this.#accepting.has(id))
        .map(({ id, agentId }) => ({ task_id: { value: id }, agent_id: { value: agentId } }));
      if (stream !== undefined && tasks.length > 0) {
        this.#asked = this.#call(stream, { type: 'RECONCILE', reconcile: { tasks } });
        await this.#asked;
      }
    }
  }

  /** Whether the master has accepted the call. */
  async #call(stream: Stream, call: object): Promise<boolean> {
    const signal = AbortSignal.any([this.#over.signal, AbortSignal.timeout(LONGEST_CALL_MS)]);
    try {
      const body = { ...call, framework_id: this.#id };
      const answer = await post(stream.address, body, stream.id, signal);
      await answer.body?.cancel();
      return answer.status === 202;
    } catch {
      return false;
    }
  }
}

function post(address: string, call: object, streamId: string, signal: AbortSignal) {
  const { path, headers, body } = request(call, streamId);
  return ask(address, path, { method: 'POST', headers, body, signal });
}

function request(call: object, streamId: string) {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(streamId === '' ? {} : { 'mesos-stream-id': streamId }),
  };
  return { path: '/api/v1/scheduler', headers, body: JSON.stringify(call) };
}
