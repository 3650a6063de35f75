// The transport rules of the v1 APIs as a table: requests and their responses.
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MiniMaster, startMaster, stopMasters } from './mini-master.ts';

let master: MiniMaster;

beforeAll(async () => {
  master = await startMaster();
});

afterAll(stopMasters);

interface Answered {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

/** Sends one request exactly as given, with nothing added. */
function ask(row: Row): Promise<Answered> {
  const [method, path, headers, body] = row.ask;
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${master.url}${path}`,
      { method, headers: { ...headers }, setDefaultHeaders: true },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => {
          pieces.push(piece);
          if (response.headers['transfer-encoding'] === 'chunked') {
            finish();
            request.destroy();
          }
        });
        const finish = () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(pieces).toString(),
          });
        response.on('end', finish);
        response.on('error', () => {});
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

interface Row {
  readonly ask: readonly [
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ];
  readonly status: number;
  readonly type?: string | undefined;
  readonly text?: string;
  readonly allow?: string;
}

const TEXT = 'text/plain; charset=utf-8';
const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';
const json = { 'Content-Type': JSON_TYPE };
const protobuf = { 'Content-Type': PROTOBUF };
const health = '{"type":"GET_HEALTH"}';
const healthy = '{"type":"GET_HEALTH","get_health":{"healthy":true}}';
const subscribe =
  '{"type":"SUBSCRIBE","subscribe":{"framework_info":{"user":"root","name":"kit"}}}';
const unacceptable = "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'";
const unsupported = "Expecting 'Content-Type' of application/json or application/x-protobuf";

const notAllowed = (path: string, method: string): Row => ({
  ask: [method, path],
  status: 405,
  type: TEXT,
  allow: 'POST',
  text:
    method === 'HEAD'
      ? ''
      : `405 Method Not Allowed. Expecting one of { 'POST' }, but received '${method}'.`,
});

const accepts = (accept: string, status: number): Row => ({
  ask: ['POST', '/api/v1', { ...json, Accept: accept }, health],
  status,
  type: status === 200 ? JSON_TYPE : TEXT,
  text: status === 200 ? healthy : unacceptable,
});

const lacks = (path: string, kind: string, type: string, extra = ''): Row => ({
  ask: ['POST', path, json, `{"type":"${type}"${extra}}`],
  status: 400,
  type: TEXT,
  text: `Failed to validate ${kind}: Expecting '${type.toLowerCase()}' to be present`,
});

const operatorCallsWithPart = [
  'GET_METRICS SET_LOGGING_LEVEL LIST_FILES READ_FILE UPDATE_WEIGHTS RESERVE_RESOURCES',
  'UNRESERVE_RESOURCES CREATE_VOLUMES DESTROY_VOLUMES GROW_VOLUME SHRINK_VOLUME',
  'UPDATE_MAINTENANCE_SCHEDULE START_MAINTENANCE STOP_MAINTENANCE DRAIN_AGENT',
  'DEACTIVATE_AGENT REACTIVATE_AGENT UPDATE_QUOTA SET_QUOTA REMOVE_QUOTA TEARDOWN',
  'MARK_AGENT_GONE',
]
  .join(' ')
  .split(' ');

const schedulerCallsWithPart = [
  'ACCEPT DECLINE ACCEPT_INVERSE_OFFERS DECLINE_INVERSE_OFFERS KILL SHUTDOWN ACKNOWLEDGE',
  'ACKNOWLEDGE_OPERATION_STATUS RECONCILE RECONCILE_OPERATIONS MESSAGE REQUEST',
  'UPDATE_FRAMEWORK',
]
  .join(' ')
  .split(' ');

const rows: readonly Row[] = [
  ...['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'].flatMap((method) => [
    notAllowed('/api/v1', method),
    notAllowed('/api/v1/scheduler', method),
  ]),
  // Content types: exact, without parameters, in this spelling.
  ...['/api/v1', '/api/v1/scheduler'].flatMap((path): Row[] => [
    {
      ask: ['POST', path],
      status: 400,
      type: TEXT,
      text: "Expecting 'Content-Type' to be present",
    },
    {
      ask: ['POST', path, {}, health],
      status: 400,
      type: TEXT,
      text: "Expecting 'Content-Type' to be present",
    },
    ...[
      'text/plain',
      'APPLICATION/JSON',
      'application/json; charset=utf-8',
      'application/recordio',
    ].map(
      (type): Row => ({
        ask: ['POST', path, { 'Content-Type': type }, health],
        status: 415,
        type: TEXT,
        text: unsupported,
      }),
    ),
    {
      ask: ['POST', path, json, ''],
      status: 400,
      type: TEXT,
      text: 'Failed to parse body into JSON: syntax error at line 1 near: ',
    },
    {
      ask: ['POST', path, json, '[]'],
      status: 400,
      text: 'Failed to convert JSON into Call protobuf: Expecting a JSON object',
    },
    {
      ask: ['POST', path, json, '{"type":{}}'],
      status: 400,
      text:
        'Failed to convert JSON into Call protobuf: ' +
        "Not expecting a JSON object for field 'type'",
    },
    {
      ask: ['POST', path, json, `${health} xyz`],
      status: 400,
      text:
        'Failed to parse body into JSON: ' +
        'Parsed JSON included non-whitespace trailing characters:  xyz',
    },
    {
      ask: ['POST', path, protobuf, Buffer.from('ffffffff', 'hex')],
      status: 400,
      text: 'Failed to parse body into Call protobuf',
    },
  ]),
  // Types that are absent, or read as absent.
  ...['{}', '{"type":null}', '{"type":"get_health"}', '{"type":"NO_SUCH_CALL"}'].map(
    (body): Row => ({
      ask: ['POST', '/api/v1', json, body],
      status: 400,
      text: "Failed to validate master::Call: Expecting 'type' to be present",
    }),
  ),
  {
    ask: ['POST', '/api/v1/scheduler', protobuf],
    status: 400,
    text: "Failed to validate scheduler::Call: Expecting 'type' to be present",
  },
  {
    ask: ['POST', '/api/v1', protobuf, Buffer.from('08e807', 'hex')],
    status: 400,
    text: "Failed to validate master::Call: Expecting 'type' to be present",
  },
  { ask: ['POST', '/api/v1', json, '{"type":"UNKNOWN"}'], status: 501, type: TEXT },
  {
    ask: ['POST', '/api/v1/scheduler', json, '{"type":"REVIVE"}'],
    status: 400,
    text: "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
  },
  {
    ask: ['POST', '/api/v1/scheduler', json, '{"type":"SUBSCRIBE"}'],
    status: 400,
    text: "Failed to validate scheduler::Call: Expecting 'subscribe' to be present",
  },
  ...operatorCallsWithPart.map((type) => lacks('/api/v1', 'master::Call', type)),
  ...schedulerCallsWithPart.map((type) =>
    lacks('/api/v1/scheduler', 'scheduler::Call', type, ',"framework_id":{"value":"f"}'),
  ),
  // What Accept means: quality orders nothing, zero forbids, JSON is preferred.
  accepts('application/json', 200),
  accepts('application/*', 200),
  accepts('*/*', 200),
  accepts('text/html, application/json;q=0.5', 200),
  accepts('application/x-protobuf;q=0.9, application/json;q=0.1', 200),
  accepts('application/json, application/x-protobuf', 200),
  accepts('', 406),
  accepts('text/plain', 406),
  accepts('application/json;q=0', 406),
  accepts('application/recordio', 406),
  {
    ask: ['POST', '/api/v1', { ...json, Accept: PROTOBUF }, health],
    status: 200,
    type: PROTOBUF,
  },
  {
    ask: ['POST', '/api/v1', { ...protobuf, Accept: JSON_TYPE }, Buffer.from('0801', 'hex')],
    status: 200,
    type: JSON_TYPE,
    text: healthy,
  },
  {
    ask: ['POST', '/api/v1', { ...json, Accept: 'text/plain' }, '{"type":"SUBSCRIBE"}'],
    status: 406,
  },
  // The scheduler API reads Accept for SUBSCRIBE only.
  {
    ask: ['POST', '/api/v1/scheduler', { ...json, Accept: 'text/plain' }, subscribe],
    status: 406,
    text: unacceptable,
  },
  {
    ask: [
      'POST',
      '/api/v1/scheduler',
      { ...json, Accept: 'text/plain' },
      '{"type":"REVIVE","framework_id":{"value":"f"}}',
    ],
    status: 202,
    text: '',
  },
  {
    ask: ['POST', '/api/v1/scheduler', { ...json, 'Mesos-Stream-Id': 'x' }, subscribe],
    status: 400,
    text: "Subscribe calls should not include the 'Mesos-Stream-Id' header",
  },
  // Paths: prefix, trailing slash, further segments and query make no difference.
  ...['/api/v1/', '/master/api/v1', '/api/v1/nothing', '/api/v1?a=b', '/api/v1/operator'].map(
    (path): Row => ({ ask: ['POST', path, json, health], status: 200, text: healthy }),
  ),
  ...['/api/v1/scheduler/', '/master/api/v1/scheduler', '/api/v1/scheduler/x'].map(
    (path): Row => ({
      ask: ['POST', path, json, '{"type":"REVIVE"}'],
      status: 400,
      text: "Failed to validate scheduler::Call: Expecting 'framework_id' to be present",
    }),
  ),
  ...['/nowhere', '/master/nowhere', '/nobody/state', '/slave(1)/state', '/state.json'].map(
    (path): Row => ({ ask: ['GET', path], status: 404, type: TEXT, text: '404 Not Found.' }),
  ),
  { ask: ['POST', '/api/v1', json, '{"type":"GET_HEALTH","bogus":{"a":[1]}}'], status: 200 },
];

describe('the transport rules', () => {
  test.each(rows.map((row) => [row.ask.slice(0, 4).map(String).join(' ').slice(0, 120), row]))(
    '%s',
    async (_title, row) => {
      const answered = await ask(row);
      expect(answered.status).toBe(row.status);
      if (row.type !== undefined) {
        expect(answered.headers['content-type']).toBe(row.type);
      }
      if (row.text !== undefined) {
        expect(answered.body).toBe(row.text);
      }
      expect(answered.headers.allow).toBe(row.allow);
    },
  );
});
