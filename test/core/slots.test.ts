// The header slots of the module: no two overlap, and no file uses more than its own.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../../asm/', import.meta.url);
const SLOTS = 512;

interface Claim {
  readonly name: string;
  readonly first: number;
  readonly width: number;
}

/** How many slots the comment describes. */
function widthOf(first: number, comment: string): number {
  if (/^(table|hash|list)\b/.test(comment)) {
    return 3;
  }
  if (comment.startsWith('address, words')) {
    return 2;
  }
  const range = /(\d+) … (\d+)$/.exec(comment);
  if (range === null) {
    return 1;
  }
  expect(Number(range[1]), comment).toBe(first);
  return Number(range[2]) - first + 1;
}

function claims(): Claim[] {
  const text = readFileSync(new URL('slots.ts', folder), 'utf8');
  const lines = text.split('\n').filter((line) => line.startsWith('export '));
  return lines.map((line) => {
    const parts = /^export const (SLOT_\w+): i32 = (\d+);(?: \/\/ (.*))?$/.exec(line);
    if (parts === null) {
      throw new Error(`not a slot: ${line}`);
    }
    const first = Number(parts[2]);
    return { name: parts[1] as string, first, width: widthOf(first, parts[3] ?? '') };
  });
}

test('slots do not overlap, and keep off those of the arena', () => {
  const sorted = claims().sort((a, b) => a.first - b.first);
  expect(sorted.length).toBeGreaterThan(60);
  let end = 200;
  for (const { name, first, width } of sorted) {
    expect(first, name).toBeGreaterThanOrEqual(end);
    end = first + width;
  }
  expect(end).toBeLessThanOrEqual(SLOTS);
});

test('what is said of a slot is how it is used', () => {
  const slots = new Map(claims().map((claim) => [claim.name, claim]));
  const used = new Set<string>();
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts') && name !== 'slots.ts')) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    // The slots of the arena are constants of memory.ts itself.
    for (const [, name = '', more = '0'] of text.matchAll(/\b(SLOT_\w+)\b(?: \+ (\d+))?/g)) {
      if (file === 'memory.ts') {
        continue;
      }
      used.add(name);
      expect(Number(more), `${file}: ${name} + ${more}`).toBeLessThan(slots.get(name)?.width ?? 0);
    }
    for (const [call, name = ''] of text.matchAll(/\btable[A-Z]\w+\((SLOT_\w+)/g)) {
      expect(slots.get(name)?.width, `${file}: ${call}`).toBe(3);
    }
  }
  expect([...used].sort()).toEqual([...slots.keys()].sort());
});
