// The scheduler core on its bare exports: two roles, three frameworks, five agents; a run, some of it refused,
// another run. Uses nothing but the module, so that any JavaScript runtime can run it; asm/README.md is the reference.

const FILTER_GPUS = 1;
const AGENT_OFFERED = 1 | 2; // active and whitelisted
const CAPABILITIES = 1; // MULTI_ROLE
const SEED = 42;

/** Runs the program on the module and answers what it printed. */
export async function offers(module) {
  const { exports: core } = await WebAssembly.instantiate(module, {});
  if (core.abiVersion() !== 1) {
    throw new Error(`ABI version ${core.abiVersion()}, not 1`);
  }
  const lines = [];

  const ok = (status) => {
    if (status !== 0) {
      throw new Error(`the core answered ${status}`);
    }
  };
  const number = (answer) => {
    if (answer < 0) {
      throw new Error(`the core answered ${answer}`);
    }
    return answer;
  };

  const names = ['cpus', 'mem'];
  const kinds = names.map(() => number(core.addKind(number(core.addName(0)), 0, 0, 1)));
  ok(core.setUp(FILTER_GPUS, SEED, 0, 0));

  /** Writes a list of (kind, thousandths) to the exchange buffer. */
  const write = (amounts) => {
    const at = core.ioReserve(16 * amounts.length);
    const view = new DataView(core.memory.buffer);
    for (const [index, amount] of amounts.entries()) {
      view.setUint32(at + 16 * index, kinds[index], true);
      view.setUint32(at + 16 * index + 4, 0, true);
      view.setFloat64(at + 16 * index + 8, amount, true);
    }
    return amounts.length;
  };

  const roles = ['analytics', 'web'].map((_, rank) => number(core.addRole(0, rank, 0)));
  ok(core.setWeight(roles[1], 2));
  for (let index = 0; index < 3; index++) {
    const framework = number(core.newFramework(index));
    ok(core.introduce(framework, CAPABILITIES));
    ok(core.subscribe(framework, roles[index % 2], 1, 0));
  }
  for (let index = 0; index < 5; index++) {
    const count = write([1000 * (index + 1), 512000 * (index + 1)]);
    number(core.addAgent(AGENT_OFFERED, index, count));
  }

  /** Prints the offers of a run, and answers them. */
  const run = (now) => {
    ok(core.setNow(now));
    const count = number(core.runOffers(1, now));
    const at = core.offersAt();
    const view = new DataView(core.memory.buffer);
    const made = [];
    for (let index = 0; index < count; index++) {
      const offer = at + 24 * index;
      const leaf = view.getUint32(offer, true);
      const agent = view.getUint32(offer + 4, true);
      const items = view.getUint32(offer + 8, true);
      const amounts = [];
      for (let item = 0; item < view.getUint32(offer + 12, true); item++) {
        amounts.push(view.getFloat64(items + 16 * item + 8, true));
      }
      const framework = core.leafFrameworkOf(leaf);
      const role = core.leafRoleOf(leaf);
      made.push({ framework, role, agent, amounts });
      const text = amounts.map((amount, name) => `${names[name]} ${amount / 1000}`).join(', ');
      lines.push(`${now} ms: framework ${framework}, role ${role}, agent ${agent}: ${text}`);
    }
    return made;
  };

  const first = run(0);
  for (const { framework, role, agent, amounts } of first) {
    // Agents with even numbers are refused for five seconds, the others come back at once.
    const end = agent % 2 === 0 ? 5000 : -1;
    ok(core.recover(framework, agent, role, write(amounts), 0, end));
  }
  run(1000);
  lines.push(`${core.countFilters()} refusals`);
  return `${lines.join('\n')}\n`;
}
