import { expect, test } from 'vitest';
import { TaskStatus_Reason, TaskStatus_Source } from '../../src/model/generated/messages.ts';
import { v0ReasonName, v0SourceName } from '../../src/model/v0-names.ts';

test('sources and reasons have the words of v0', () => {
  expect(Object.values(TaskStatus_Source).map(v0SourceName)).toStrictEqual([
    'SOURCE_MASTER',
    'SOURCE_SLAVE',
    'SOURCE_EXECUTOR',
  ]);
  expect(v0ReasonName(TaskStatus_Reason.REASON_AGENT_REMOVED_BY_OPERATOR)).toBe(
    'REASON_SLAVE_REMOVED_BY_OPERATOR',
  );
  expect(v0ReasonName(TaskStatus_Reason.REASON_RECONCILIATION)).toBe('REASON_RECONCILIATION');
  expect(Object.values(TaskStatus_Reason).map(v0ReasonName).join()).not.toContain('AGENT');
});
