// What the page shows of a file that grows, however fast it does.
import { expect, test } from 'vitest';
import { FileWindow } from '../../src/webui/stream/file-window.ts';

const PIECE = 64 * 1024;

/** A file of an agent, which answers a piece at most. */
class GrowingFile {
  bytes: Buffer = Buffer.alloc(0);
  reads = 0;

  add(text: string): void {
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text)]);
  }

  readonly read = async ({ offset, length }: { offset: number; length: number }) => {
    this.reads += 1;
    const bytes = this.bytes.subarray(offset, offset + Math.min(length, PIECE));
    return { size: this.bytes.length, bytes: new Uint8Array(bytes) };
  };
}

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('');

test('a file that grows by more than a piece between two looks is shown to its end', async () => {
  const file = new GrowingFile();
  file.add('start\n');
  const shown = new FileWindow(file.read);
  await shown.open();
  file.add(lines(0, 20_000));
  expect(await shown.grow()).toBe(true);
  expect(shown.text()).toBe(file.bytes.toString());
  expect(shown.passedOver).toBe(0);
  expect(await shown.grow()).toBe(false);
});

test('one that grows faster than is read is shown from its end, and what is left out is told', async () => {
  const file = new GrowingFile();
  file.add('start\n');
  const shown = new FileWindow(file.read);
  await shown.open();
  file.add(lines(0, 300_000));
  file.reads = 0;
  expect(await shown.grow()).toBe(true);
  expect(file.reads).toBe(2);
  expect(shown.text().endsWith('line 299999\n')).toBe(true);
  expect(shown.passedOver).toBe(file.bytes.length - PIECE - 'start\n'.length);
  // It is not lost: it is before.
  expect(shown.before).toBe(file.bytes.length - PIECE);
  await shown.reach();
  expect(file.bytes.toString().endsWith(shown.text())).toBe(true);
  expect(shown.text().length).toBe(2 * PIECE);
});

test('little is kept of a file that is followed for long', async () => {
  const file = new GrowingFile();
  const shown = new FileWindow(file.read);
  await shown.open();
  for (let look = 0; look < 40; look++) {
    file.add('x'.repeat(PIECE));
    await shown.grow();
  }
  expect(shown.text().length).toBe(4 * PIECE);
  expect(shown.before).toBe(36 * PIECE);
});

test('a file that was emptied is shown anew', async () => {
  const file = new GrowingFile();
  file.add('old');
  const shown = new FileWindow(file.read);
  await shown.open();
  file.bytes = Buffer.from('n');
  expect(await shown.grow()).toBe(true);
  expect(shown.text()).toBe('n');
});

test('what is no text is known as that', async () => {
  const looksBinary = async (bytes: Buffer) => {
    const file = new GrowingFile();
    file.bytes = bytes;
    const shown = new FileWindow(file.read);
    await shown.open();
    return shown.isBinary;
  };
  expect(await looksBinary(Buffer.from('plain \u001b[1m text, ünd mehr'))).toBe(false);
  expect(await looksBinary(Buffer.alloc(0))).toBe(false);
  expect(await looksBinary(Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0]))).toBe(true);
  expect(await looksBinary(Buffer.from(Array.from({ length: 4000 }, (_, at) => at % 251)))).toBe(
    true,
  );
});
