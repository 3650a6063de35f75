import { describe, expect, test } from 'vitest';
import { agentResources } from '../../src/cli/agent/machine-resources.ts';
import { FlagError } from '../../src/cli/flags/parse.ts';
import { createCore } from '../../src/core/core.ts';
import { Value_Type } from '../../src/model/generated/messages.ts';
import { formatResources } from '../../src/model/resource-text.ts';
import { volumePlace } from '../../src/model/volume-path.ts';
import { loadCore } from '../../src/runtime/load-core.ts';

const machine = { cpus: 8, memMb: 16_384, diskMb: 102_400 };
const { algebra } = createCore(await loadCore());

const read = (text: string, role = '*') => agentResources(text, role, machine);
const cpus = (more: object) =>
  JSON.stringify([{ name: 'cpus', type: 'SCALAR', scalar: { value: 2 }, ...more }]);
const disk = (more: object) =>
  JSON.stringify([{ name: 'disk', type: 'SCALAR', scalar: { value: 64 }, ...more }]);
const source = (of: object) => disk({ disk: { source: of } });
const disks = (...sources: object[]) =>
  JSON.stringify(sources.flatMap((of) => JSON.parse(source(of))));
const mount = (root: string) => ({ type: 'MOUNT', mount: { root } });
const path = (root: string) => ({ type: 'PATH', path: { root } });
const ranges = (...range: object[]) =>
  JSON.stringify([{ name: 'ports', type: 'RANGES', ranges: { range } }]);
const set = (...item: string[]) =>
  JSON.stringify([{ name: 'gadgets', type: 'SET', set: { item } }]);
const manyNames = Array.from({ length: 300 }, (_, i) => `n${i}:1`).join(';');
const manyRanges = JSON.stringify(
  [0, 1].map((odd) => ({
    name: 'ports',
    type: 'RANGES',
    ranges: {
      range: Array.from({ length: 6_000 }, (_, i) => ({
        begin: 4 * i + 2 * odd,
        end: 4 * i + 2 * odd,
      })),
    },
  })),
);

describe('--resources of an agent', () => {
  test.each<[what: string, text: string, error: RegExp]>([
    ['a role with an empty component', cpus({ role: 'a//b' }), /two adjacent slashes/],
    ['an empty role', cpus({ role: '' }), /empty string/],
    ['a role of dots', 'cpus(..):2', /'\.\.' as a component/],
    ['a role with a dash in front', 'cpus(-x):2', /starts with a dash/],
    ['a role with a blank', 'cpus(a b):2', /whitespace/],
    ['a role with a slash at its end', 'cpus(a/):2', /end with a slash/],
    ['a dynamic reservation', cpus({ role: 'a', reservation: {} }), /Dynamic reservations/],
    [
      'a dynamic reservation in the list form',
      cpus({ reservations: [{ type: 'DYNAMIC', role: 'a' }] }),
      /Dynamic reservations/,
    ],
    [
      'a refinement that is no child',
      cpus({
        reservations: [
          { type: 'STATIC', role: 'a' },
          { type: 'DYNAMIC', role: 'b' },
        ],
      }),
      /not a refinement/,
    ],
    [
      'both forms of a reservation',
      cpus({ role: 'a', reservations: [{ type: 'STATIC', role: 'a' }] }),
      /'role' and 'reservations'/,
    ],
    ['a reservation without a type', cpus({ reservations: [{ role: 'a' }] }), /type' field/],
    ['a reservation without a role', cpus({ reservations: [{ type: 'STATIC' }] }), /role' field/],
    ['a revocable resource', cpus({ revocable: {} }), /Revocable/],
    ['a shared resource', cpus({ shared: {} }), /cannot be shared/],
    ['an allocated resource', cpus({ allocation_info: { role: 'a' } }), /allocation_info/],
    ['a resource of a provider', cpus({ provider_id: { value: 'p' } }), /provider_id/],
    [
      'a persistent volume',
      disk({
        role: 'prod',
        disk: { persistence: { id: 'p1' }, volume: { container_path: 'x', mode: 'RW' } },
      }),
      /Persistent volumes/,
    ],
    [
      'a volume without persistence',
      disk({ disk: { volume: { container_path: 'x', mode: 'RW' } } }),
      /disk\.volume/,
    ],
    ['a disk of cpus', cpus({ disk: {} }), /DiskInfo should not be set for cpus/],
    ['a PATH disk without a root', source({ type: 'PATH', path: {} }), /source\.path\.root/],
    ['a PATH disk of a mount', source({ type: 'PATH', mount: { root: '/a' } }), /Mount should not/],
    ['a PATH disk that is everything', source({ type: 'PATH', path: { root: '//' } }), /be '\/'/],
    ['a MOUNT disk without a root', source({ type: 'MOUNT' }), /source\.mount\.root/],
    ['a MOUNT disk of a path', source({ type: 'MOUNT', path: { root: '/a' } }), /Path should not/],
    ['a MOUNT disk with an empty root', source({ type: 'MOUNT', mount: { root: '' } }), /needs/],
    ['a relative MOUNT', source({ type: 'MOUNT', mount: { root: 'a' } }), /absolute path, got 'a'/],
    ['a BLOCK disk', source({ type: 'BLOCK' }), /must be PATH or MOUNT/],
    ['a RAW disk', source({ type: 'RAW' }), /must be PATH or MOUNT/],
    ['a disk with an id', source({ type: 'PATH', id: 'i', path: { root: '/a' } }), /source\.id'/],
    ['one MOUNT disk twice', disks(mount('/a'), mount('/a')), /MOUNT disk '\/a' and .* are one/],
    ['one disk spelt in two ways', disks(mount('/a'), mount('//a/./')), /'\/\/a\/\.\/' are one/],
    ['one PATH disk twice', disks(path('/a'), path('/a')), /PATH disk '\/a' and .* are one/],
    ['a folder and a mount that are one', disks(path('/a'), mount('/a')), /PATH disk '\/a' and/],
    [
      'a disk in another',
      disks(mount('/a'), path('/ab'), mount('/a/b/c')),
      /one lies in the other/,
    ],
    ['a disk around another', disks(path('/a/b'), path('/a')), /one lies in the other/],
    ['relative disks in each other', disks(path('a'), path('./a/b')), /one lies in the other/],
    ['a disk of no known type', source({ type: 'UNKNOWN' }), /Unsupported 'DiskInfo/],
    ['part of a GPU', 'gpus:0.5', /'gpus' must be a whole number, got 0\.5/],
    ['cpus that are a set', 'cpus:{a,b}', /'cpus' must be a number/],
    ['a disk that is ranges', 'disk:[1-5]', /'disk' must be a number/],
    ['ports that are a number', 'ports:5', /'ports' must be ranges within 0-65535/],
    ['a port that cannot be', 'ports:[65000-65536]', /'ports' must be ranges within 0-65535/],
    ['ranges that overlap', ranges({ begin: 1, end: 5 }, { begin: 3, end: 8 }), /overlapping/],
    ['a range from the end', ranges({ begin: 5, end: 1 }), /begin > end/],
    ['a range from the end as text', 'ports:[5-1]', /expected a range/],
    ['a range beyond all numbers', ranges({ begin: 1, end: 2 ** 60 }), /beyond 2\^53/],
    ['ranges that are called a scalar', cpus({ scalar: undefined, ranges: {} }), /Invalid scalar/],
    ['a scalar with ranges', cpus({ ranges: {} }), /Invalid scalar/],
    ['a resource of type TEXT', cpus({ type: 'TEXT' }), /Unsupported resource type/],
    ['an unknown type', cpus({ type: 'SCALER' }), /SCALER/],
    ['one name with two types', 'a:1;a:{x}', /different types/],
    ['an item twice', set('a', 'a'), /duplicated/],
    ['an item twice as text', 'gadgets:{a,a}', /different items/],
    ['a negative amount', cpus({ scalar: { value: -2 } }), /value <= 0/],
    ['a negative amount as text', 'cpus:-2', /expected a number/],
    ['an amount that is counted as nothing', 'cpus:0.0001', /value <= 0/],
    ['an infinite amount', cpus({ scalar: { value: 'Infinity' } }), /more than can be counted/],
    ['an infinite amount as text', 'cpus:inf', /expected a number/],
    ['no number', cpus({ scalar: { value: 'NaN' } }), /cpus|NaN|number/],
    ['an amount beyond counting', 'cpus:1;mem:99999999999999', /more than can be counted/],
    ['a disk beyond counting', 'cpus:1;mem:64;disk:1e15', /more than can be counted/],
    ['amounts beyond counting together', 'a:6e9;b:6e9', /more than can be counted/],
    ['more names than a master takes', manyNames, /more than 256 names/],
    ['more ports than there can be', 'ports:[0-9007199254740991]', /more than can be counted/],
    ['more ranges than can be handled', manyRanges, /more than can be counted/],
    ['a misspelt field', cpus({ rolle: 'a' }), /unknown field 'rolle'/],
    ['a misspelt field inside', cpus({ scalar: { value: 1, v: 2 } }), /unknown field 'scalar\.v'/],
    ['an empty name', cpus({ name: '' }), /Empty resource name/],
    ['no name', '[{"type":"SCALAR","scalar":{"value":1}}]', /name/],
    ['an element that is no object', '[{}, 1]', /./],
    ['JSON that breaks off', '[{"name":\n"cpus",\n', /JSON/],
    ['one JSON object', '{"name":"cpus"}', /expected a JSON list/],
  ])('refuses %s in one line', (_, text, error) => {
    const attempt = () => read(text);
    expect(attempt).toThrow(FlagError);
    expect(attempt).toThrow(error);
    expect(attempt).toThrow(/^--resources: [^\n]+$/);
  });

  test.each([
    ['nothing but what the machine has', '', 'cpus:8; mem:15360; disk:97280; ports:[31000-32000]'],
    ['nothing of a kind', 'gpus:0', 'cpus:8; mem:15360; disk:97280; ports:[31000-32000]'],
    [
      'reservations in every form',
      JSON.stringify([
        { name: 'cpus', type: 'SCALAR', scalar: { value: 1 }, role: 'a' },
        {
          name: 'mem',
          type: 'SCALAR',
          scalar: { value: 64 },
          reservations: [{ type: 'STATIC', role: 'b' }],
        },
        { name: 'disk', type: 'SCALAR', scalar: { value: 1.5 }, role: '*' },
        { name: 'ports', type: 'RANGES', ranges: { range: [{ begin: 1, end: 9 }] } },
      ]),
      'cpus(a):1; mem(b):64; disk:1.5; ports:[1-9]',
    ],
    [
      'ranges as text that touch or overlap, as Mesos reads them',
      'cpus:1;mem:1;disk:1;ports:[1-5, 4-8, 9-9]',
      'cpus:1; mem:1; disk:1; ports:[1-9]',
    ],
    [
      'a disk of its own',
      JSON.stringify([
        ...JSON.parse(cpus({})),
        {
          name: 'disk',
          type: 'SCALAR',
          scalar: { value: 64 },
          disk: { source: { type: 'PATH', path: { root: '/mnt/a' } } },
        },
      ]),
      'cpus:2; disk:64; mem:15360; ports:[31000-32000]',
    ],
  ])('takes %s', (_, text, expected) => {
    const resources = read(text);
    expect(formatResources(resources)).toBe(expected);
    expect(algebra.equal(algebra.sum([resources]), resources)).toBe(true);
  });

  test('the default role reserves what the machine has, too', () => {
    expect(formatResources(read('cpus:1;mem(b):64', 'a'))).toBe(
      'cpus(a):1; mem(b):64; disk(a):97280; ports(a):[31000-32000]',
    );
  });
});

test('a PATH disk may be reserved in parts', () => {
  const part = (role: string) => disk({ role, disk: { source: path('/a') } });
  const text = JSON.stringify([...JSON.parse(part('a')), ...JSON.parse(part('b'))]);
  expect(read(text).filter(({ name }) => name === 'disk')).toHaveLength(2);
});

test('what a storage plugin would say of a disk is taken, and its volumes have a place', () => {
  const more = { vendor: 'v', profile: 'p', metadata: { labels: [{ key: 'k', value: 'v' }] } };
  const [given] = read(source({ ...path('/a'), ...more })).filter(({ name }) => name === 'disk');
  const volume = {
    ...given,
    name: 'disk',
    type: Value_Type.SCALAR,
    reservations: [{ role: 'r' }],
    disk: { ...given?.disk, persistence: { id: 'v' } },
  };
  expect(volumePlace(volume)).toEqual({ path: '/a/volumes/roles/r/v', kind: 'folder' });
});
