// Damage to the records of a container: they say what was written, or that they are damaged.
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EndRecord } from '../../../src/containerizer/container-end.ts';
import { RunRecords } from '../../../src/containerizer/records/run-records.ts';
import { sealed } from '../../../src/containerizer/records/sealed-text.ts';
import { WorkDirectory } from '../../../src/containerizer/work-directory.ts';
import { containerId } from '../../../src/model/ids.ts';
import { temporaryFolder } from '../../agent-driver/harness.ts';

const id = containerId('c');
let folder: ReturnType<typeof temporaryFolder>;
let records: RunRecords;
let warnings: string[];
let run: string;

beforeEach(() => {
  folder = temporaryFolder();
  warnings = [];
  records = new RunRecords(new WorkDirectory(folder.path), (text) => warnings.push(text));
  run = records.create(id);
});

afterEach(() => folder[Symbol.dispose]());

/** Writes as the supervisor does: over the beginning of the room that there is. */
function overwrite(name: string, text: string): void {
  const file = readFileSync(join(run, name));
  file.write(text, 0);
  writeFileSync(join(run, name), file);
}

/**
 * Runs `wrong` with each state of the file that differs in one bit, and returns the faults that it
 * finds. Of the blank rest of a large file only every 16th byte is changed.
 */
function wrongWithOneBitFlipped(name: string, wrong: () => unknown): string[] {
  const path = join(run, name);
  const whole = readFileSync(path);
  const found: string[] = [];
  const file = openSync(path, 'r+');
  for (let at = 0; at < whole.length; at += at < 96 ? 1 : 16) {
    for (let bit = 0; bit < 8; bit++) {
      writeSync(file, Buffer.of(whole.readUInt8(at) ^ (1 << bit)), 0, 1, at);
      warnings.length = 0;
      const fault = wrong();
      if (fault !== undefined) {
        found.push(`bit ${bit} of byte ${at}: ${JSON.stringify(fault)}`);
      }
    }
    writeSync(file, whole, at, 1, at);
  }
  closeSync(file);
  return found;
}

/** The record of a kill, or the error that it is damaged. */
function killing(): string | undefined {
  try {
    return records.killing(id);
  } catch (error) {
    return String(error);
  }
}

const isDamage = (text: string | undefined) => / is damaged/.test(text ?? '');

/** Whether an end is unknown, with the reason. */
const isUnknown = ({ waitStatus, failure, loss }: EndRecord) =>
  waitStatus === undefined && failure === undefined && isDamage(loss) && isDamage(warnings.join());

describe('one bit of a record that flips', () => {
  test.each([undefined, '{"deadlineMs":1700000000000,"cause":"asked"}'])(
    'leaves a kill (%s) as it was, or unknown',
    (text) => {
      if (text !== undefined) {
        records.rememberKill(id, text);
      }
      const wrong = () => {
        const found = killing();
        return found === text || isDamage(found) ? undefined : found;
      };
      expect(wrongWithOneBitFlipped('killing', wrong)).toEqual([]);
      expect(killing()).toBe(text);
    },
  );

  test.each(['status', 'failure'])('makes no end of a blank %s', (name) => {
    const wrong = () => {
      const end = records.end(id);
      return isUnknown(end) ? undefined : end;
    };
    expect(wrongWithOneBitFlipped(name, wrong)).toEqual([]);
  });

  test.each([
    [0, 'status'],
    [1, 'status'],
    [9, 'status'],
    [768, 'status'],
    [0, 'failure'],
  ])('makes no other end of wait status %i: %s', (waitStatus, name) => {
    overwrite('status', `wait ${waitStatus} ${waitStatus}\n`);
    const wrong = () => {
      const end = records.end(id);
      const isKnown = end.waitStatus === waitStatus && end.failure === undefined;
      return (isKnown && end.loss === undefined) || isUnknown(end) ? undefined : end;
    };
    expect(wrongWithOneBitFlipped(name, wrong)).toEqual([]);
    expect(records.end(id).waitStatus).toBe(waitStatus);
  });

  test('tells no other cause of a failure', () => {
    const failure = "Failed to execute 'naïve': No such file or directory";
    overwrite('failure', sealed(failure));
    const wrong = () => {
      const end = records.end(id);
      return end.failure === failure || isUnknown(end) ? undefined : end;
    };
    expect(wrongWithOneBitFlipped('failure', wrong)).toEqual([]);
    expect(records.end(id).failure).toBe(failure);
  });

  test('names no other process as the supervisor', () => {
    const text = sealed('4194303 17 4194302 18 1700000000000 b00t-1d bound');
    writeFileSync(join(run, 'supervisor'), text);
    const whole = records.supervisor(id);
    expect(whole).toMatchObject({ supervisor: { pid: 4_194_303 }, isBound: true });
    const wrong = () => {
      const found = records.supervisor(id);
      return found === undefined && isDamage(warnings.join()) ? undefined : (found ?? 'not told');
    };
    expect(wrongWithOneBitFlipped('supervisor', wrong)).toEqual([]);
    expect(records.supervisor(id)).toEqual(whole);
  });
});
