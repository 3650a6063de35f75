// The wire suite: what encoding and decoding a message costs, in JSON and protobuf, and with the
// framing of both transports.
import { parseArgs } from 'node:util';
import { Bench } from 'tinybench';
import { loadSchema } from '../scripts/schema.ts';
import { RequestReader } from '../src/http/transport/request-reader.ts';
import { readJson, writeJson } from '../src/wire/json.ts';
import { encodeLibprocess } from '../src/wire/libprocess.ts';
import { decodeMessage, encodeMessage } from '../src/wire/protobuf.ts';
import { encodeRecord, RecordReader } from '../src/wire/record-io.ts';
import { type Measurement, report } from './report.ts';
import { type HotMessage, hotMessages } from './wire/hot-messages.ts';

/** How many operations are timed as one: a single one is too short for the clock. */
const BATCH = 100;
const RUNS = 5;
const RUN_MS = 100;

const schema = loadSchema();
const ascii = new TextEncoder();

type Operation = readonly [metric: string, run: () => unknown];

function messageOperations({ type, message }: HotMessage): Operation[] {
  const bytes = encodeMessage(type, message);
  const text = writeJson(type, message);
  // The rival uses reflection, as protobufjs is used without generated code.
  const rival = schema.lookupType(type.wireName);
  const known = rival.decode(bytes);
  return [
    ['protobuf encode', () => encodeMessage(type, message)],
    ['protobufjs encode', () => rival.encode(known).finish()],
    ['protobuf decode', () => decodeMessage(type, bytes)],
    ['protobufjs decode', () => rival.decode(bytes)],
    // Encoded, because JavaScript engines may build a string only when its bytes are needed.
    ['json encode', () => ascii.encode(writeJson(type, message))],
    ['json decode', () => readJson(type, text)],
  ];
}

function framingOperations(): Operation[] {
  const [update] = hotMessages as readonly [HotMessage];
  const envelope = {
    from: 'slave(1)@10.1.2.3:5051',
    to: 'master@10.1.2.1:5050',
    name: 'StatusUpdateMessage',
    body: encodeMessage(update.type, update.message),
  } as const;
  const request = Buffer.from(encodeLibprocess(envelope));
  const record = encodeRecord(envelope.body);
  let read = 0;
  const messages = new RequestReader({
    accepts: () => true,
    request: (_head, body) => {
      read += body.length;
    },
  });
  const records = new RecordReader();
  return [
    ['libprocess encode', () => encodeLibprocess(envelope)],
    ['libprocess read', () => messages.push(request) ?? read],
    ['recordio encode', () => encodeRecord(envelope.body)],
    ['recordio decode', () => records.push(record)],
  ];
}

async function measure(operations: readonly Operation[]): Promise<Measurement[]> {
  const bench = new Bench({ time: RUN_MS, warmupTime: RUN_MS / 2 });
  for (const [metric, run] of operations) {
    bench.add(metric, () => {
      for (let i = 0; i < BATCH; i++) {
        run();
      }
    });
  }
  await bench.run();
  const figures = bench.tasks.map(({ name, result }) => {
    if (result.state !== 'completed') {
      throw new Error(`${name} ended as ${result.state}`);
    }
    return { metric: name, unit: 'us', value: (result.latency.p50 * 1000) / BATCH };
  });
  return [...figures, ...ratios(figures)];
}

/** How many times as long the rival takes, in the same run. */
function ratios(figures: readonly Measurement[]): Measurement[] {
  return figures.flatMap(({ metric, value }) => {
    const rival = figures.find((it) => it.metric === metric.replace('protobuf ', 'protobufjs '));
    return rival === undefined || rival.metric === metric
      ? []
      : [
          {
            metric: `protobufjs / ours, ${metric.split(' ')[1]}`,
            unit: 'times',
            value: rival.value / value,
          },
        ];
  });
}

export const USAGE = 'usage: npm run bench -- wire [--json]';

export async function run(args: { json: boolean; args: string[] }): Promise<void> {
  parseArgs({ args: args.args, options: {} });
  const workloads: [string, Operation[]][] = [
    ...hotMessages.map((hot): [string, Operation[]] => [hot.name, messageOperations(hot)]),
    ['framing', framingOperations()],
  ];
  for (const [workload, operations] of workloads) {
    const runs: Measurement[][] = [];
    for (let i = 0; i < RUNS; i++) {
      runs.push(await measure(operations));
    }
    report({ suite: 'wire', workload, agents: 0, frameworks: 0, runs, json: args.json });
  }
}
