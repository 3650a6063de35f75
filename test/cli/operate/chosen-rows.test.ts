import { expect, test } from 'vitest';
import { amountText, sizeUnitOf } from '../../../src/cli/operate/amounts.ts';
import { ageColumn } from '../../../src/cli/operate/output/age-column.ts';
import { chosenRows } from '../../../src/cli/operate/output/chosen-rows.ts';
import type { Listing } from '../../../src/cli/operate/output/listing.ts';

interface Row {
  readonly name: string;
  readonly bytes: number;
}

const listing: Listing<Row> = {
  rows: [
    { name: 'b10', bytes: 2048 },
    { name: 'b9', bytes: 1024 },
    { name: 'a.c', bytes: 10_000 },
  ],
  columns: [
    { title: 'NAME', text: ({ name }) => name },
    { title: 'DISK SIZE', text: ({ bytes }) => `${bytes / 1024} KB`, order: ({ bytes }) => bytes },
  ],
  nameOf: ({ name }) => name,
  jsonOf: (row) => row,
  none: 'nothing',
};

const names = (filter: string[], sort_by?: string) =>
  chosenRows(listing, { filter, sort_by }).map(({ name }) => name);

test('all rows, as they came', () => {
  expect(names([])).toEqual(['b10', 'b9', 'a.c']);
});

test('filters compare the text, in any case, and all must hold', () => {
  expect(names(['name=B*'])).toEqual(['b10', 'b9']);
  expect(names(['name!=b*'])).toEqual(['a.c']);
  expect(names(['name=b*', 'disk-size=1 KB'])).toEqual(['b9']);
});

test('what is a pattern elsewhere is text here', () => {
  expect(names(['name=a.c'])).toEqual(['a.c']);
  expect(names(['name=b.0'])).toEqual([]);
  expect(names(['name=[ab]*'])).toEqual([]);
});

test('numbers are compared by what is behind the text', () => {
  expect(names(['disk_size>2000'])).toEqual(['b10', 'a.c']);
  expect(names(['Disk Size<2000'])).toEqual(['b9']);
});

test('the oldest have the largest age, in seconds or in units', () => {
  const nowMs = 1_000_000_000;
  const ages = [30, 5400, undefined, 100];
  const ofAge = (filter: string[], sort_by?: string) =>
    chosenRows(
      {
        ...{ rows: ages, nameOf: String, jsonOf: String, none: '' },
        columns: [
          ageColumn(nowMs, (age: number | undefined) =>
            age === undefined ? undefined : nowMs - age * 1000,
          ),
        ],
      },
      { filter, sort_by },
    );
  expect(ofAge(['age>60'])).toEqual([5400, 100]);
  expect(ofAge(['age<1m30s'])).toEqual([30]);
  expect(ofAge(['age>1.4h'])).toEqual([5400]);
  expect(ofAge(['age>0'], 'age')).toEqual([30, 100, 5400]);
  expect(() => ofAge(['age>old'])).toThrow(
    "--filter expects seconds, or a span as 8m or 1h30m, after >, got 'age>old'",
  );
});

test('what has ended grows no older', () => {
  const { text, order } = ageColumn(
    1_000_000,
    () => 400_000,
    (isEnded: boolean) => (isEnded ? 410_000 : undefined),
  );
  expect([text(true), order?.(true)]).toEqual(['10s', 10]);
  expect([text(false), order?.(false)]).toEqual(['10m', 600]);
});

test('states of tasks are found by the word alone, too', () => {
  const rows = ['TASK_RUNNING', 'TASK_LOST'];
  const inState = (filter: string) =>
    chosenRows(
      {
        ...{ rows, nameOf: String, jsonOf: String, none: '' },
        columns: [{ title: 'STATE', text: String }],
      },
      { filter: [filter] },
    );
  expect(inState('state=running')).toEqual(['TASK_RUNNING']);
  expect(inState('state!=running')).toEqual(['TASK_LOST']);
  expect(inState('state=TASK_L*')).toEqual(['TASK_LOST']);
});

test('rows are sorted by numbers, and by numbers in names', () => {
  expect(names([], 'name')).toEqual(['a.c', 'b9', 'b10']);
  expect(names([], '-disk-size')).toEqual(['a.c', 'b10', 'b9']);
});

test('faults are told together, with what there is', () => {
  expect(() => names(['nam=x', 'name', 'disk-size>much'])).toThrow(
    "--filter names no column 'nam' (did you mean name?): there are name, disk-size\n" +
      "--filter expects COLUMN=VALUE, COLUMN!=VALUE, COLUMN>NUMBER or COLUMN<NUMBER, got 'name'\n" +
      "--filter expects a number after >, got 'disk-size>much'",
  );
  expect(() => names([], 'size')).toThrow("--sort-by names no column 'size'");
});

test('sizes are compared in units as they are shown', () => {
  const rows = [32, 51.2, 1536, 0];
  const ofSize = (filter: string) =>
    chosenRows(
      {
        ...{ rows, nameOf: String, jsonOf: String, none: '' },
        columns: [
          {
            title: 'MEM',
            text: (mem) => amountText('mem', mem),
            order: (mem) => mem,
            sizeUnit: sizeUnitOf('mem'),
          },
        ],
      },
      { filter: [filter] },
    );
  expect(ofSize('mem>50MB')).toEqual([51.2, 1536]);
  expect(ofSize('mem<0.05 GB')).toEqual([32, 0]);
  expect(ofSize('mem=32')).toEqual([32]);
  expect(ofSize('mem=32mb')).toEqual([32]);
  expect(ofSize('mem!=1.5GB')).toEqual([32, 51.2, 0]);
  expect(ofSize('mem=51.2 MB')).toEqual([51.2]);
  expect(() => ofSize('mem>50 pebbles')).toThrow(
    "--filter expects a size as 50MB or 1.5GB (a number is in MB) after >, got 'mem>50 pebbles'",
  );
});
