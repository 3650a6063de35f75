// What happens to a machine whose ports are mapped. Functions that run in the network of a test,
// and return what is told of it, or what there is.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { containerId } from '../../../../src/model/ids.ts';
import {
  type Asked,
  askedFor,
  attach,
  namespaceOf,
  notedOf,
  noteIn,
  open,
  type Records,
  recovered,
} from './mapped-machine.ts';

const execute = promisify(execFile);
const shell = async (script: string) => (await execute('sh', ['-ec', script])).stdout;

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );

/** As an agent does with what it could not attach. */
async function tryToAttach(
  mapping: Awaited<ReturnType<typeof open>>,
  records: Records,
  asked: Asked,
): Promise<string> {
  const why = await failure(attach(mapping, records, asked));
  if (records[asked.id] !== undefined) {
    await mapping.detach(...notedOf(records, asked.id));
  }
  return why;
}

export async function refusals(): Promise<string[]> {
  const mapping = await open();
  const records: Records = {};
  await attach(mapping, records, { id: 'a', begin: 31_000, end: 31_009 });
  const told = [
    await tryToAttach(mapping, records, { id: 'b', begin: 32_000, end: 32_001 }),
    await tryToAttach(mapping, records, { id: 'c', begin: 31_005, end: 31_020 }),
  ];
  for (const [index, id] of ['d', 'e', 'f'].entries()) {
    await attach(mapping, records, { id, begin: 31_100 + index, end: 31_100 + index });
  }
  told.push(await tryToAttach(mapping, records, { id: 'g', begin: 31_200, end: 31_200 }));
  return told;
}

export async function handedOn(): Promise<string[]> {
  const mapping = await open();
  const records: Records = {};
  await attach(mapping, records, { id: 'a', begin: 31_000, end: 31_020 });
  const smaller = mapping.update({
    id: containerId('a'),
    namespace: namespaceOf('a'),
    asked: askedFor({ id: 'a', begin: 31_000, end: 31_009 }),
    note: noteIn(records, 'a'),
  });
  await attach(mapping, records, { id: 'b', begin: 31_010, end: 31_020 });
  await smaller;
  return ['a', 'b'].map((id) => {
    const { ports } = records[id] as { ports: { begin: number; size: number }[] };
    const last = ports.at(-1);
    return `${id} [${ports[0]?.begin}-${last && last.begin + last.size - 1}]`;
  });
}

export async function leftovers(): Promise<string[]> {
  // Of an earlier agent, of another agent on this machine, and of somebody else.
  await shell(`
    ip link add mesos-p33792 type veth peer name left0
    ip link add mesos-p40960 type veth peer name other0
    ip link add eth9 type veth peer name peer9
    tc qdisc add dev eth0 ingress
    for pref in 6208 16512 20000; do
      tc filter add dev eth0 ingress protocol ip pref $pref u32 match u32 0 0 \
        action mirred egress redirect dev eth9
    done
  `);
  const mapping = await open({}, () => {});
  await attach(mapping, {}, { id: 'a', begin: 31_000, end: 31_000 });
  const names = await shell("ip -brief link | grep -oE '^(mesos-p|eth9)[^@ ]*'");
  const filters = await shell('tc filter show dev eth0 ingress');
  const left = [6_208, 16_512, 20_000].filter((it) => filters.includes(`pref ${it} `));
  return [...names.trim().split('\n').toSorted(), ...left.map(String)];
}

export async function detachedTwice(): Promise<string[]> {
  const oneRange = { ranges: [{ begin: 32_768, end: 33_791 }], perContainer: 1024 };
  const mapping = await open({ ephemeral: oneRange });
  const records: Records = {};
  await attach(mapping, records, { id: 'a', begin: 31_000, end: 31_000 });
  await mapping.detach(...notedOf(records, 'a'));
  await attach(mapping, records, { id: 'b', begin: 31_000, end: 31_000 });
  await mapping.detach(...notedOf(records, 'a'));
  return (await shell("ip -brief link | grep -o '^mesos-p[0-9]*'")).trim().split('\n');
}

export async function limits(): Promise<string[]> {
  const egress = { perCpuBytes: 200_000, minimumBytes: 1_000 };
  const ingress = { perContainerBytes: 500_000 };
  const records: Records = {};
  const mapping = await open({ egress });
  const asked = { id: 'a', begin: 31_000, end: 31_000 };
  const told: string[] = [];
  const update = async (by: typeof mapping, cpus: number) =>
    by.update({
      id: containerId('a'),
      namespace: namespaceOf('a'),
      asked: askedFor({ ...asked, cpus }),
      note: noteIn(records, 'a'),
    });
  await attach(mapping, records, asked);
  told.push(await limitOf('sends'));
  const ceiled = { egress: { ...egress, ceilBytes: 2_000_000 } };
  await update(await recovered(records, ceiled), 5);
  told.push(await limitOf('sends'), await limitOf('receives'));
  await update(await recovered(records, { ...ceiled, ingress, isIngressForAll: false }), 5);
  told.push(await limitOf('receives'));
  await update(await recovered(records, { ingress }), 5);
  told.push(await limitOf('receives'), await limitOf('sends'));
  return told;
}

async function limitOf(direction: 'sends' | 'receives'): Promise<string> {
  const text = await shell(
    direction === 'sends'
      ? `nsenter --net=${namespaceOf('a')} tc class show dev eth0`
      : 'tc class show dev mesos-p32768',
  );
  const [, rate, ceil] = /rate (\S+) ceil (\S+)/.exec(text) ?? [];
  return `a ${direction} ${rate ?? 'nothing'}${ceil === rate ? '' : ` ceil ${ceil}`}`;
}

/** Flows of the public link, where the kernel can tell them apart. */
export async function flows(): Promise<readonly string[]> {
  const changes = { flowParent: 'root', egress: { perContainerBytes: 1_000_000 } };
  let mapping: Awaited<ReturnType<typeof open>>;
  try {
    mapping = await open(changes);
  } catch (error) {
    return [(error as Error).message];
  }
  const records: Records = {};
  await attach(mapping, records, { id: 'a', begin: 31_000, end: 31_007 });
  const made = await shell('tc qdisc show dev eth0 root; tc filter show dev eth0 parent 1:');
  const inside = await shell(`nsenter --net=${namespaceOf('a')} tc qdisc show dev eth0`);
  // A later agent finds what this one has made, and a container keeps its flow.
  const later = await recovered(records, changes);
  await later.detach(...notedOf(records, 'a'));
  const left = await shell('tc filter show dev eth0 parent 1:');
  return [
    ...(/qdisc fq_codel 1: root .*flows 8192/.exec(made) ?? []).map(() => 'a queue of flows'),
    ...['1:1', '1:2', '1:803'].map((flow) => `${flow} ${countOf(made, `flowid ${flow} `)}`),
    ...(inside.includes('fq_codel') ? ['a queue of flows below the limit'] : []),
    ...['1:1', '1:2', '1:803'].map((flow) => `${flow} ${countOf(left, `flowid ${flow} `)}`),
  ];
}

const countOf = (text: string, part: string) => text.split(part).length - 1;
