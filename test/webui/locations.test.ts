// The page's places: hashes that are read and written, and links of Mesos's own page.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { href, matchPath, parseLocation } from '../../src/webui/locations/location.ts';
import { newLinkOf } from '../../src/webui/locations/old-links.ts';

test('a hash is a path of names and a query', () => {
  expect(parseLocation('')).toEqual({ path: [], query: {} });
  expect(parseLocation('#/tasks?state=TASK_RUNNING&q=a+b')).toEqual({
    path: ['tasks'],
    query: { state: 'TASK_RUNNING', q: 'a b' },
  });
  expect(parseLocation('#/a%2Fb/%zz')).toEqual({ path: ['a/b', '%zz'], query: {} });
  expect(href(['tasks', 'a/b'], { state: 'x', q: '', role: undefined })).toBe(
    '#/tasks/a%2Fb?state=x',
  );
});

test('what is written is read again, whatever the names are', () => {
  const name = fc.string({ minLength: 1, unit: 'grapheme' });
  const query = fc.dictionary(name, name).filter((pairs) => !('__proto__' in pairs));
  fc.assert(
    fc.property(fc.array(name), query, (path, pairs) => {
      expect(parseLocation(href(path, pairs))).toEqual({ path, query: pairs });
    }),
  );
});

test('a pattern names parts of a path', () => {
  expect(matchPath('tasks/:framework/:task', ['tasks', 'f', 't'])).toEqual({
    framework: 'f',
    task: 't',
  });
  expect(matchPath('tasks/:framework', ['tasks'])).toBeUndefined();
  expect(matchPath('tasks', ['agents'])).toBeUndefined();
  expect(matchPath('', [])).toEqual({});
});

test('links of the old page lead to what shows the same', () => {
  const led = (hash: string) => newLinkOf(parseLocation(hash));
  expect(led('#/home')).toBe('#/');
  expect(led('#/slaves/S1')).toBe('#/agents/S1');
  expect(led('#/agents/S1/frameworks/F1/executors/e%201')).toBe(
    '#/tasks?agent=S1&framework=F1&executor=e%201',
  );
  expect(led('#/agents/S1/browse?path=/var/x')).toBe('#/agents/S1/files?path=%2Fvar%2Fx');
  expect(led('#/agents/S1/frameworks/F1/executors/E1/browse?path=/v')).toBe(
    '#/agents/S1/files?path=%2Fv',
  );
  expect(led('#/agents/S1/frameworks/F1/executors/E1/tasks/T1/browse')).toBe('#/tasks/F1/T1/files');
  for (const own of ['#/', '#/agents', '#/agents/S1', '#/frameworks/F1', '#/roles', '#/offers']) {
    expect(led(own)).toBeUndefined();
  }
});
