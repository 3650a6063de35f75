// What becomes of containers' links and filters where the agent is killed in the middle: a script
// ends after its first line, its fourth one, and so on. Functions that run in the network of a
// test.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  FACTS_SCRIPT,
  machineLinks,
} from '../../../../src/containerizer/networks/port-mapping/machine-facts.ts';
import type { MachineNetwork } from '../../../../src/containerizer/networks/port-mapping/machine-network.ts';
import type { PortMapping } from '../../../../src/containerizer/networks/port-mapping/port-mapping.ts';
import {
  attachScript,
  detachScript,
  portsScript,
  type Wiring,
} from '../../../../src/containerizer/networks/port-mapping/scripts.ts';
import { runScript } from '../../../../src/containerizer/networks/port-mapping/shell.ts';
import { containerId } from '../../../../src/model/ids.ts';
import {
  type Asked,
  askedFor,
  attach,
  makeNamespace,
  namespaceOf,
  notedOf,
  OPTIONS,
  open,
  type Records,
  removeNamespace,
} from './mapped-machine.ts';

const execute = promisify(execFile);

const ASKED: Asked = { id: 'a', begin: 31_000, end: 31_002 };
const CHANGED: Asked = { id: 'a', begin: 31_002, end: 31_003 };
const NAMESPACE = namespaceOf('a');

const LOOK = `
  for link in eth0 lo $(ip -brief link | grep -o '^mesos-p[0-9]*'); do
    echo $link
    tc filter show dev $link ingress
  done
  if [ -e ${NAMESPACE} ]; then
    for link in eth0 lo; do nsenter --net=${NAMESPACE} tc filter show dev $link ingress; done
  fi
`;
/** The numbers of filters do not matter. */
const NUMBER = /\b(?:pref|order|index|ht|fh) \S+ ?/g;

const look = async () => (await execute('sh', ['-c', LOOK])).stdout.replaceAll(NUMBER, '');

/** Scripts that consist of the first lines of this one: after every third line. */
const cuts = (script: string) => {
  const lines = script.split('\n');
  return lines.flatMap((_, index) => (index % 3 > 0 ? [] : [lines.slice(0, index + 1).join('\n')]));
};

/** Cut, a script may fail. */
const runCut = (script: string) => runScript('cut', script).catch(() => '');

type State = Omit<Wiring, 'namespace'>;

interface Example {
  readonly mapping: PortMapping;
  readonly machine: MachineNetwork;
  /** What is on record of a container that was attached, and detached. */
  readonly state: State;
}

async function example(): Promise<Example> {
  const records: Records = {};
  const mapping = await open();
  await attach(mapping, records, ASKED);
  await mapping.detach(...notedOf(records, 'a'));
  await removeNamespace('a');
  const links = machineLinks(await runScript('look', FACTS_SCRIPT), OPTIONS.links);
  const machine = { ...links, flowQueue: undefined, hasFlowQueues: false, tunables: new Map() };
  return { mapping, machine, state: records.a as State };
}

/** What was done, after which something is not as it is to be. */
export interface Outcome {
  readonly cuts: number;
  readonly wrong: readonly string[];
}

/** `disturb` leaves something of a container behind, which `repair` has to put right. */
async function outcome(
  scripts: readonly string[],
  expected: string,
  { disturb, repair }: Record<'disturb' | 'repair', (script: string) => Promise<void>>,
): Promise<Outcome> {
  const wrong: string[] = [];
  for (const script of scripts) {
    await disturb(script);
    await repair(script);
    const found = await look();
    if (found !== expected) {
      wrong.push(`${script}\n--- leaves\n${found}`);
    }
  }
  return { cuts: scripts.length, wrong };
}

/** As the next agent does. */
async function detachAnew({ mapping, state }: Example): Promise<void> {
  await mapping.recover(...notedOf({ a: state }, 'a'));
  await mapping.detach(...notedOf({ a: state }, 'a'));
  await removeNamespace('a');
}

/** An agent is killed while it attaches, and the next one detaches. */
export async function cutAttaches(): Promise<Outcome> {
  const it = await example();
  const { state, machine } = it;
  return outcome(cuts(attachScript(machine, { ...state, namespace: NAMESPACE })), await look(), {
    disturb: async (script) => {
      await makeNamespace('a');
      await runCut(script);
    },
    repair: () => detachAnew(it),
  });
}

/** An agent is killed while it detaches, and the next one does so again. */
export async function cutDetaches(): Promise<Outcome> {
  const it = await example();
  const { state, machine } = it;
  return outcome(cuts(detachScript(machine, state.ephemeral)), await look(), {
    disturb: async (script) => {
      await makeNamespace('a');
      await runScript('attach', attachScript(machine, { ...state, namespace: NAMESPACE }));
      await runCut(script);
    },
    repair: () => detachAnew(it),
  });
}

/** An agent is killed while it changes ports, and the next one changes them again. */
export async function cutUpdates(): Promise<Outcome> {
  const { mapping, state, machine } = await example();
  const wiring = { ...state, namespace: NAMESPACE };
  const update = async (before: State & { generation?: number }, asked: Asked) => {
    await mapping.recover(...notedOf({ a: before }, 'a'));
    const note = async () => {};
    await mapping.update({
      id: containerId('a'),
      namespace: NAMESPACE,
      asked: askedFor(asked),
      note,
    });
  };
  const ports = [{ begin: CHANGED.begin, size: 2 }];
  const back = () => update({ ...state, ports, generation: 1 }, ASKED);
  await makeNamespace('a');
  await runScript('attach', attachScript(machine, wiring));
  await update(state, CHANGED);
  const expected = await look();
  await back();
  return outcome(cuts(portsScript(machine, { ...wiring, ports }, 1)), expected, {
    disturb: async (script) => {
      await back();
      await runCut(script);
    },
    repair: () => update(state, CHANGED),
  });
}
