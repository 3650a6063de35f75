import { expect, test } from 'vitest';
import { readAppcManifest } from '../../../../src/containerizer/images/formats/appc-manifest.ts';

const LEAST = { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/app' };
const read = (more: object = {}) => readAppcManifest(JSON.stringify({ ...LEAST, ...more }));

test('the least that a manifest says', () => {
  expect(read()).toEqual({
    name: 'example.com/app',
    labels: new Map(),
    config: { entrypoint: [], command: [], environment: [], workingDirectory: undefined },
    dependencies: [],
    visible: [],
  });
});

test('all that is taken of it', () => {
  const id = `sha512-${'0'.repeat(128)}`;
  expect(
    read({
      labels: [{ name: 'version', value: '1' }],
      app: {
        exec: ['/bin/app', '-x', ''],
        user: '0',
        group: '0',
        workingDirectory: '/srv',
        environment: [
          { name: 'A', value: '1' },
          { name: 'B', value: 'x=y' },
          { name: 'A', value: '2' },
        ],
      },
      dependencies: [
        { imageName: 'base' },
        { imageName: 'more', imageID: id, labels: [{ name: 'version', value: '2' }], size: 5 },
      ],
      pathWhitelist: ['/bin/app'],
    }),
  ).toEqual({
    name: 'example.com/app',
    labels: new Map([['version', '1']]),
    config: {
      entrypoint: ['/bin/app'],
      command: ['-x', ''],
      environment: ['A=2', 'B=x=y'],
      workingDirectory: '/srv',
    },
    dependencies: [
      { name: 'base', labels: { labels: [] } },
      { name: 'more', id, labels: { labels: [{ key: 'version', value: '2' }] } },
    ],
    visible: ['/bin/app'],
  });
});

test.each([
  ['another kind', { acKind: 'PodManifest' }, 'Incorrect acKind field: PodManifest'],
  ['no version', { acVersion: undefined }, "'acVersion' must be a string"],
  ['no name', { name: undefined }, "'name' must be a string"],
  ['a command that is no list', { app: { exec: '/bin/sh' } }, "'app.exec' must be a list"],
  [
    'a variable without a name',
    { app: { environment: [{ name: '', value: 'x' }] } },
    'environment[0].name',
  ],
  ['a dependency without a name', { dependencies: [{}] }, "'dependencies[0].imageName' must be"],
  [
    'too many dependencies',
    { dependencies: Array(65).fill({ imageName: 'a' }) },
    'more than 64 images',
  ],
  [
    'a path that is too deep',
    { pathWhitelist: ['/a', '/a'.repeat(101)] },
    "'pathWhitelist[1]' has more than 100 parts",
  ],
])('a manifest with %s is refused', (_, more, why) => {
  expect(() => read(more)).toThrow(`Failed to parse its manifest: `);
  expect(() => read(more)).toThrow(why);
});

test('what is no JSON is no manifest', () => {
  expect(() => readAppcManifest('{')).toThrow('Failed to parse its manifest: ');
});
