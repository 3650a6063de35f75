// A framework that runs tasks on the agent of a test, all of them at once, and tells how each
// ended.
import { RecordReader } from '../../src/wire/record-io.ts';
import { LITTLE } from './cluster.ts';
import { ask } from './requests.ts';

export interface TaskEnd {
  readonly state: string;
  readonly reason: string | undefined;
  readonly message: string;
}

interface Event {
  readonly type: string;
  readonly subscribed?: { readonly framework_id: { readonly value: string } };
  readonly offers?: { readonly offers: readonly Offer[] };
  readonly update?: { readonly status: Status };
}

interface Offer {
  readonly id: { readonly value: string };
  readonly agent_id: { readonly value: string };
}

interface Status {
  readonly task_id: { readonly value: string };
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
  readonly uuid?: string;
  readonly agent_id?: object;
}

const PASSING = new Set(['TASK_STAGING', 'TASK_STARTING', 'TASK_RUNNING', 'TASK_KILLING']);

/** Tasks by their names, each with what it is besides. */
export type Tasks = ReadonlyMap<string, object>;

/** `master`: host and port. Rejects where the stream of events ends too early. */
export async function endsOf(
  master: string,
  tasks: Tasks,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, TaskEnd>> {
  const over = new AbortController();
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json',
  };
  const call = async (body: object) => {
    const any = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    const post = { method: 'POST', headers, body: JSON.stringify(body), signal: any };
    const answer = await ask(master, '/api/v1/scheduler', post);
    if (!answer.ok) {
      throw new Error(`A call was answered with ${answer.status}: ${await answer.text()}`);
    }
    return answer;
  };
  const framework_info = { user: 'root', name: 'runner', roles: ['*'] };
  const capable = { ...framework_info, capabilities: [{ type: 'MULTI_ROLE' }] };
  const stream = await call({ type: 'SUBSCRIBE', subscribe: { framework_info: capable } });
  headers['mesos-stream-id'] = stream.headers.get('mesos-stream-id') ?? '';
  const ends = new Map<string, TaskEnd>();
  const reader = new RecordReader();
  let id: object | undefined;
  let isLaunched = false;
  const take = async ({ type, subscribed, offers, update }: Event) => {
    id = subscribed?.framework_id ?? id;
    const [offer] = offers?.offers ?? [];
    if (type === 'OFFERS' && offer !== undefined && !isLaunched) {
      isLaunched = true;
      const task_infos = [...tasks].map(([name, more]) => ({
        ...{ name, task_id: { value: name }, agent_id: offer.agent_id, resources: LITTLE },
        ...more,
      }));
      await call({
        type: 'ACCEPT',
        framework_id: id,
        accept: {
          offer_ids: [offer.id],
          operations: [{ type: 'LAUNCH', launch: { task_infos } }],
          filters: { refuse_seconds: 1_000 },
        },
      });
    }
    if (update !== undefined) {
      const { task_id, state, reason, message = '', uuid, agent_id } = update.status;
      if (uuid !== undefined) {
        await call({
          type: 'ACKNOWLEDGE',
          framework_id: id,
          acknowledge: { agent_id, task_id, uuid },
        });
      }
      if (!PASSING.has(state)) {
        ends.set(task_id.value, { state, reason, message });
      }
    }
  };
  try {
    for await (const chunk of stream.body ?? []) {
      for (const record of reader.push(chunk)) {
        await take(JSON.parse(Buffer.from(record).toString()) as Event);
      }
      if (ends.size === tasks.size) {
        await call({ type: 'TEARDOWN', framework_id: id });
        return ends;
      }
    }
  } finally {
    over.abort();
  }
  throw new Error(`Of ${tasks.size} tasks only ${ends.size} have ended`);
}

/** The same for a call from another process. */
export async function endsOfAll({
  master,
  tasks,
}: {
  readonly master: string;
  readonly tasks: Readonly<Record<string, object>>;
}): Promise<Readonly<Record<string, TaskEnd>>> {
  return Object.fromEntries(await endsOf(master, new Map(Object.entries(tasks))));
}
