// The text of docs/http-api.md: the calls and events of the v1 API, from proto/, the tables of who
// may make them, and recorded answers of a real cluster.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import * as access from '../../src/security/access-tables.ts';
import { protoRoot } from '../schema.ts';
import { DESCRIPTIONS } from './descriptions.ts';
import { EXAMPLE_CALLS, type ExampleCall, type Recorded } from './example-calls.ts';

interface Api {
  readonly title: string;
  readonly name: 'master' | 'agent' | 'scheduler' | 'executor';
  readonly says: string;
  readonly calls: Readonly<Record<string, access.Access>>;
}

const APIS: readonly Api[] = [
  {
    title: 'Operators to a master',
    name: 'master',
    says: 'POST `/api/v1` of the master.',
    calls: access.MASTER_CALLS,
  },
  {
    title: 'Operators to an agent',
    name: 'agent',
    says: 'POST `/api/v1` of the agent; its port is 5051.',
    calls: access.AGENT_CALLS,
  },
  {
    title: 'Frameworks',
    name: 'scheduler',
    says:
      'POST `/api/v1/scheduler` of the master. SUBSCRIBE is answered with the stream of events, whose header ' +
      '`Mesos-Stream-Id` all other calls send along; they are answered 202. ' +
      '[write-a-framework.md](write-a-framework.md) has a whole conversation.',
    calls: access.SCHEDULER_CALLS,
  },
  {
    title: 'Executors',
    name: 'executor',
    says:
      'POST `/api/v1/executor` of the agent, whose address is in `MESOS_AGENT_ENDPOINT`. SUBSCRIBE is answered with the ' +
      'stream of events; all other calls are answered 202.',
    calls: access.EXECUTOR_CALLS,
  },
];

const INTRODUCTION = `# HTTP API

This page is generated from \`proto/\`, the tables of \`src/security\` and answers of a real cluster by \`npm run docs\`; tests
check that it is current, and that the calls are answered as it shows.

A call is a message with a \`type\`, and for most types one more field with what it is about. It is sent by POST, as JSON
(\`Content-Type: application/json\`) or as protobuf (\`application/x-protobuf\`); \`Accept\` chooses the form of the answer.
The answer is a message of the same form, or none: **200** with a message or done, **202** accepted, **400** what is wrong with the
call, **401** who asks is not known, **403** who asks may not, **404** there is no such thing,
**409** it cannot be done now, **429** too many wrong secrets, **503** no master leads, or one
that begins. A master that does not lead answers **307** with the address of the one that does.

Streams are records in RecordIO: the length in bytes as a decimal number, a line feed, and a message of so many bytes. On all of them
a HEARTBEAT comes every 15 seconds.

Numbers of 64 bits are numbers in JSON, bytes are base64, and times are \`{"nanoseconds": …}\` since 1970. In the examples words in
capitals stand for ids; of lists one item is shown.
[versioning.md](versioning.md) says what of this stays, [secure.md](secure.md#what-needs-which-action) which list of \`--acls\` decides about
each action. Endpoints without a version (\`/state\`, \`/metrics\` …) are listed at \`/help\` of each server.
`;

/** The folder of this file has the recorded answers. */
const recorded = (): readonly Recorded[] =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'answers.json'), 'utf8'));

export function apiReference(): string {
  const root = new protobuf.Root();
  root.resolvePath = (_from, name) => (name.startsWith('google/') ? name : join(protoRoot, name));
  root.loadSync(
    APIS.map(({ name }) => `mesos/v1/${name}/${name}.proto`),
    { keepCase: true, alternateCommentMode: true },
  );
  root.resolveAll();
  const answers = recorded();
  return [INTRODUCTION, ...APIS.map((api) => section(root, api, answers))].join('\n');
}

function section(root: protobuf.Root, api: Api, answers: readonly Recorded[]): string {
  const call = root.lookupType(`mesos.v1.${api.name}.Call`);
  const types = call.lookupEnum('Type');
  const parts = Object.entries(types.values)
    .toSorted(([, a], [, b]) => a - b)
    .filter(([name]) => name !== 'UNKNOWN')
    .map(([name, number]) => callPart(root, api, { call, name, number, types }, answers));
  return [`## ${api.title}\n`, `${api.says}\n`, ...parts, events(root, api)].join('\n');
}

/** Types of calls that are not in Mesos begin here. */
const OURS = 10_000;

interface CallType {
  readonly call: protobuf.Type;
  readonly types: protobuf.Enum;
  readonly name: string;
  readonly number: number;
}

function callPart(
  root: protobuf.Root,
  api: Api,
  { call, types, name, number }: CallType,
  answers: readonly Recorded[],
): string {
  const field = call.fields[name.toLowerCase()];
  const message = field?.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  const says = [
    DESCRIPTIONS[api.name]?.[name],
    types.comments[name],
    message?.comment,
    field?.options?.deprecated === true ? 'Deprecated.' : undefined,
    number >= OURS ? 'Not in Mesos.' : undefined,
  ].filter((text) => text !== undefined && text !== null);
  const answer = answerType(root, api, name);
  const example = EXAMPLE_CALLS.find(
    ({ server, call: made }) => server === api.name && made.type === name,
  );
  return [
    `### ${titleOf(api, name)}\n`,
    ...says.map((text) => `${sentences(text ?? '')}\n`),
    `${needed(api.calls[name])}\n`,
    ...(message === undefined || message.fieldsArray.length === 0
      ? []
      : [fieldTable(`\`${name.toLowerCase()}\` of the call`, message)]),
    ...(answer === undefined || answer.fieldsArray.length === 0
      ? []
      : [fieldTable(`\`${name.toLowerCase()}\` of the answer`, answer)]),
    ...(example === undefined ? [] : [exampleOf(example, answers)]),
  ].join('\n');
}

/** Of calls that two servers have, that of the agent says so: titles are links. */
const titleOf = ({ name: api }: Api, name: string) =>
  api === 'master' ? name : `${name} (${api})`;

function answerType(root: protobuf.Root, { name: api }: Api, name: string) {
  if (api !== 'master' && api !== 'agent') {
    return undefined;
  }
  const response = root.lookupType(`mesos.v1.${api}.Response`);
  const type = response.fields[name.toLowerCase()]?.resolvedType;
  return type instanceof protobuf.Type ? type : undefined;
}

function needed(entry: access.Access | undefined): string {
  switch (entry?.kind) {
    case 'refused':
      return `Needs ${entry.actions.map(code).join(', ')}: ${entry.of}.`;
    case 'filtered':
      return `Shows what ${entry.actions.map(code).join(', ')} allows: ${entry.of}.`;
    case 'open':
      return `Needs no action: ${entry.why}.`;
    default:
      return '';
  }
}

const code = (text: string) => `\`${text}\``;

/** A comment of several lines as text. */
const sentences = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').trim();

function fieldTable(heading: string, type: protobuf.Type): string {
  const rows = type.fieldsArray.map((field) => {
    const comment = sentences(field.comment ?? '').replaceAll('|', '\\|');
    const notes = [field.options?.deprecated === true ? 'Deprecated.' : '', comment];
    return `| ${code(field.name)} | ${typeOf(field)} | ${notes.filter((note) => note !== '').join(' ')} |`;
  });
  return `${heading}:\n\n| field | type | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

function typeOf(field: protobuf.Field): string {
  const name = field.resolvedType?.fullName.replace(/^\.(?:mesos\.v1\.)?/, '') ?? field.type;
  if (field instanceof protobuf.MapField) {
    return `map of ${name}`;
  }
  return field.repeated ? `${name}, repeated` : field.required ? `${name}, required` : name;
}

function exampleOf(
  { server, call, isNotShown }: ExampleCall,
  answers: readonly Recorded[],
): string {
  const port = server === 'master' ? 5050 : 5051;
  const line = [
    `curl -X POST http://127.0.0.1:${port}/api/v1 -H 'Content-Type: application/json'`,
    `-d '${JSON.stringify(call)}'`,
  ].join(' \\\n  ');
  const answer = answers.find((each) => each.server === server && each.type === call.type);
  const shown =
    isNotShown === undefined ? answerText(answer) : `No answer is shown: ${isNotShown}.\n`;
  return `\`\`\`sh\n${line}\n\`\`\`\n\n${shown}`;
}

const MOST_LINES = 60;

function answerText(answer: Recorded | undefined): string {
  if (answer?.answer === undefined) {
    return `${answer?.status ?? 200}, without a message.\n`;
  }
  const lines = JSON.stringify(answer.answer, undefined, 2).split('\n');
  const cut = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  return `\`\`\`json\n${cut.join('\n')}\n\`\`\`\n`;
}

function events(root: protobuf.Root, { name: api, title }: Api): string {
  const type = root.lookup(`mesos.v1.${api}.Event`);
  if (!(type instanceof protobuf.Type)) {
    return '';
  }
  const rows = Object.keys(type.lookupEnum('Type').values)
    .filter((name) => name !== 'UNKNOWN')
    .map((name) => {
      const message = type.fields[name.toLowerCase()]?.resolvedType;
      const fields = message instanceof protobuf.Type ? message.fieldsArray : [];
      const comment = message instanceof protobuf.Type ? sentences(message.comment ?? '') : '';
      const own = sentences(type.lookupEnum('Type').comments[name] ?? '');
      return `| ${code(name)} | ${fields.map((each) => code(each.name)).join(', ')} | ${[own, comment].filter((text) => text !== '').join(' ')} |`;
    });
  return `### Events (${title.toLowerCase()})\n\n| event | fields | |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}
