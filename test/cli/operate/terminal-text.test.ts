import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TerminalText } from '../../../src/cli/operate/output/terminal-text.ts';

const shown = (...pieces: string[]) => {
  const text = new TerminalText();
  return pieces.map((piece) => text.take(Buffer.from(piece, 'latin1'))).join('');
};

test('colours stay, and nothing else that a terminal obeys', () => {
  expect(shown('a\u001b[1;31mred\u001b[0m\tb\r\n')).toBe('a\u001b[1;31mred\u001b[0m\tb\r\n');
  expect(shown('\u001b[2J\u001b]52;c;AAAA\u0007\u0008x')).toBe('?[2J?]52;c;AAAA??x');
  expect(shown('\u001b', '[3', '2mgreen')).toBe('\u001b[32mgreen');
  expect(shown('\u001b[3', '2J')).toBe('?[32J');
});

test('characters are whole, however they come in pieces', () => {
  const text = new TerminalText();
  const bytes = Buffer.from('ä…');
  expect([...bytes].map((byte) => text.take(Buffer.from([byte]))).join('')).toBe('ä…');
});

test('pieces make no difference, and only colours begin with an escape', () => {
  const part = fc.constantFrom('\u001b', '[', '1', ';', 'm', 'J', 'x', '\u0007', '\u009b');
  fc.assert(
    fc.property(fc.array(fc.array(part)), (pieces) => {
      const texts = pieces.map((piece) => piece.join(''));
      const end = 'end';
      const whole = shown(`${texts.join('')}${end}`);
      expect(shown(...texts, end)).toBe(whole);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is about these.
      expect(whole.replaceAll(/\u001b\[[\d;:]*m/g, '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
    }),
  );
});
