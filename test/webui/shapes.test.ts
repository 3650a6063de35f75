// The page's tables of fields are those of the schema.
import { expect, test } from 'vitest';
import type { Task } from '../../src/model/generated/messages.ts';
import * as tables from '../../src/webui/store/message-shapes.ts';
import { readShape, type Shape, type ShapeField } from '../../src/webui/store/shapes.ts';
import type { Field, MessageType } from '../../src/wire/message-type.ts';
import { encodeMessage } from '../../src/wire/protobuf.ts';
import { ProtobufReader } from '../../src/wire/protobuf-reader.ts';
import { types } from '../../src/wire/types.ts';

const TABLES: readonly (readonly [Shape, MessageType<object>])[] = [
  [tables.AGENT, types.MasterResponse_GetAgents_Agent],
  [tables.AGENT_INFO, types.AgentInfo],
  [tables.AGENT_REMOVED, types.MasterEvent_AgentRemoved],
  [tables.AGENTS_REFUSED, types.MasterEvent_AgentsRefused],
  [tables.FRAMEWORK, types.MasterResponse_GetFrameworks_Framework],
  [tables.FRAMEWORK_REMOVED, types.MasterEvent_FrameworkRemoved],
  [tables.LABEL, types.Label],
  [tables.LOST_AGENT, types.MasterResponse_GetAgents_LostAgent],
  [tables.REFUSED_AGENT, types.MasterResponse_GetAgents_RefusedAgent],
  [tables.RESOURCE, types.Resource],
  [tables.TASK, types.Task],
  [tables.TASK_STATUS, types.TaskStatus],
];

function problems(shape: Shape, type: MessageType<object>, path = type.name): string[] {
  return [...shape].flatMap(([number, field]) => {
    const known = type.fields.find((each) => each.number === number);
    return known === undefined || known.name !== field.name
      ? [`${path}: ${number} is not ${field.name}`]
      : fieldProblems(field, known, `${path}.${field.name}`);
  });
}

function fieldProblems(field: ShapeField, { rule, value }: Field, path: string): string[] {
  const { many, isMap } = field;
  if (many !== (rule === 'repeated') || isMap !== (rule === 'map')) {
    return [`${path} is a list or a map in one of the two`];
  }
  const kind = isMap && typeof field.kind === 'object' ? field.kind.get(2)?.kind : field.kind;
  if (typeof kind === 'object') {
    return 'message' in value ? problems(kind, value.message(), path) : [`${path} is no message`];
  }
  const expected =
    'scalar' in value
      ? value.scalar === 'bigint'
        ? 'nanoseconds'
        : value.scalar
      : 'enumeration' in value
        ? 'enum'
        : 'message';
  return kind === expected ? [] : [`${path} is ${expected}, not ${kind}`];
}

test('each field that the page reads has that number and kind in the schema', () => {
  expect(TABLES.flatMap(([shape, type]) => problems(shape, type))).toEqual([]);
});

test('a table that differs is found', () => {
  const shape: Shape = new Map([[1, { name: 'value', kind: 'bool', many: false, isMap: false }]]);
  expect(problems(shape, types.TaskID)).toEqual(['TaskID.value is string, not bool']);
  expect(
    problems(
      new Map([[9, { name: 'value', kind: 'bool', many: false, isMap: false }]]),
      types.TaskID,
    ),
  ).toEqual(['TaskID: 9 is not value']);
});

test('a map is read whatever its keys are', () => {
  const limits = { cpus: { value: 0.5 }, ['__proto__']: { value: 2 }, '': { value: 3 } };
  const bytes = encodeMessage(types.Task, {
    ...{ name: 't', task_id: { value: 't' }, framework_id: { value: 'F' } },
    ...{ agent_id: { value: 'S' }, state: 6, limits },
  });
  const read = readShape<Task>(tables.TASK, new ProtobufReader(bytes), bytes.length);
  expect(Object.entries(read.limits ?? {})).toEqual(Object.entries(limits));
});
