// What the page does, as a line for a shell.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { curlLine } from '../../src/webui/words/curl-line.ts';

const URL = 'http://127.0.0.1:5050/api/v1';

/** Words as a POSIX shell reads them, of a line without anything but words and single quotes. */
function shellWords(line: string): readonly string[] {
  const words = line.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(
      /'([^']*)'|\\(')/g,
      (_, inner?: string, quote?: string) => inner ?? quote ?? '',
    ),
  );
}

test('the line names whom curl asks for a secret, and holds none', () => {
  const call = { type: 'TEARDOWN', teardown: { framework_id: { value: 'f-1' } } };
  expect(curlLine({ url: URL, call, user: 'ada', isCertified: false })).toBe(
    `curl --fail-with-body --user 'ada' --header 'Content-Type: application/json' ` +
      `--data '{"type":"TEARDOWN","teardown":{"framework_id":{"value":"f-1"}}}' '${URL}'`,
  );
  expect(curlLine({ url: URL, call, user: undefined, isCertified: false })).not.toContain('--user');
});

test('where the browser has shown a certificate, the line shows that of the folder it is used in', () => {
  expect(curlLine({ url: URL, call: {}, user: undefined, isCertified: true })).toMatch(
    /^curl --fail-with-body --cacert \.\.\/\.\.\/authority\.pem --cert certificate\.pem --key key\.pem --header/,
  );
});

test('names neither end the quotes nor hide in the line, and arrive as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(0xffff)), (units) => {
      const value = String.fromCharCode(...units);
      const line = curlLine({ url: URL, call: { value }, user: undefined, isCertified: false });
      expect(line).toMatch(/^[ -~]+$/);
      const words = shellWords(line);
      expect(JSON.parse(words[words.indexOf('--data') + 1] ?? '')).toEqual({ value });
      expect(words.at(-1)).toBe(URL);
    }),
  );
  expect(
    curlLine({ url: URL, call: { value: `'; reboot; '` }, user: undefined, isCertified: false }),
  ).toContain(`'{"value":"'\\''; reboot; '\\''"}'`);
});
