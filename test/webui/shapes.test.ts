// The page's tables of fields are those of the schema.
import { expect, test } from 'vitest';
import * as tables from '../../src/webui/store/message-shapes.ts';
import type { Shape, ShapeField } from '../../src/webui/store/shapes.ts';
import type { Field, MessageType } from '../../src/wire/message-type.ts';
import { types } from '../../src/wire/types.ts';

const TABLES: readonly (readonly [Shape, MessageType<object>])[] = [
  [tables.AGENT, types.MasterResponse_GetAgents_Agent],
  [tables.AGENT_INFO, types.AgentInfo],
  [tables.FRAMEWORK, types.MasterResponse_GetFrameworks_Framework],
  [tables.FRAMEWORK_REMOVED, types.MasterEvent_FrameworkRemoved],
  [tables.LABEL, types.Label],
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

function fieldProblems({ kind, many }: ShapeField, { rule, value }: Field, path: string): string[] {
  if (many !== (rule === 'repeated')) {
    return [`${path} is a list in one of the two`];
  }
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
  const shape: Shape = new Map([[1, { name: 'value', kind: 'bool', many: false }]]);
  expect(problems(shape, types.TaskID)).toEqual(['TaskID.value is string, not bool']);
  expect(
    problems(new Map([[9, { name: 'value', kind: 'bool', many: false }]]), types.TaskID),
  ).toEqual(['TaskID: 9 is not value']);
});
