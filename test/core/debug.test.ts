// The debug build says where its state is broken: the file and line of the assertion that failed.
import { expect, test } from 'vitest';
import { CoreModule } from '../../src/core/module.ts';
import { debugInstances, debugModule } from './debug.ts';

const instance = debugInstances(await debugModule(), 1);

/** A cluster of one agent that is offered, 4 cpus of its 6, with a refusal for the rest. */
function cluster() {
  const module = new CoreModule(instance);
  const { exports } = module;
  exports.setUp(0, 0, 0, 0);
  const cpus = exports.addKind(exports.addName(0), 0, 0, 1);
  const write = (amount: number) => {
    module.locate();
    module.u32.set([cpus, 0], module.io);
    module.f64[(module.io >> 1) + 1] = amount;
    return 1;
  };
  const role = exports.addRole(0, 0, 0);
  const framework = exports.newFramework(0);
  exports.introduce(framework, 1);
  exports.subscribe(framework, role, 1, 0);
  const agent = exports.addAgent(3, 0, write(6000));
  exports.runOffers(1, 0);
  exports.recover(framework, agent, role, write(2000), 0, 5000);
  return { module, agent };
}

type Checked = { checkState(): number };

/**
 * The results of checkState when one number in the memory is changed, for each place where the
 * number is.
 */
function brokenBy(number: number): string[] {
  const { module: whole } = cluster();
  const words = whole.exports.stateSize() >> 3;
  const places = [...whole.f64.subarray(0, words).entries()].filter(
    ([, value]) => value === number,
  );
  return places.flatMap(([place]) => {
    const { module } = cluster();
    module.f64[place] = number - 1;
    try {
      (module.exports as unknown as Checked).checkState();
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

test('what is whole passes', () => {
  const { module } = cluster();
  (module.exports as unknown as Checked).checkState();
});

test('an amount that is held in one place and not in another is found', () => {
  const messages = brokenBy(4000);
  const place = (file: string) => new RegExp(`\\(asm/${file}:\\d+:\\d+\\)$`);
  for (const said of [
    'an entry that does not count what is held',
    'what a role holds',
    'what is held in all',
    'the share of a leaf',
    'the share of a role',
  ]) {
    const found = messages.find((message) => message.includes(`checkState: ${said} (`));
    expect(found, said).toMatch(place('checks/[a-z]+.ts'));
  }
});

test('a total of the cluster that is not what its agents have is found', () => {
  expect(brokenBy(6000).join()).toContain('a total of the cluster (asm/checks/sums.ts:');
});

test('a record beyond its table is a trap where it is looked for', () => {
  const { module, agent } = cluster();
  const words = new Uint32Array(module.u32.buffer);
  // The agent's only holding - of framework 0, in role 1, for leaf 0, of one item - is given to a
  // leaf that does not exist. Its items follow twelve words after its head.
  const isHolding = (at: number) =>
    [0, 0, 1, 1, 1].every((word, index) => words[at + index] === word) &&
    module.f64[(at >> 1) + 7] === 4000;
  const holding = words.findIndex((_, at) => at % 4 === 0 && isHolding(at));
  words[holding + 3] = 99;
  expect(() => module.exports.removeAgent(agent)).toThrow(
    /no such leaf \(asm\/allocator\/tables\/frameworks\.ts:\d+:\d+\)$/,
  );
});
