// `rounds.ts --seed=N --rounds=N [--faults=NAME,…] [--machines]`: plays faults with masters, one a
// round, while frameworks and an operator are at work, and compares what was announced in the end.
// Prints a line a round. Ends with 1, and what is wrong, where something is, and early when its
// input ends. `--machines`: as root, in a network namespace of its own.
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { Chance } from '../../simulation/chance.ts';
import { until } from '../../support/cluster.ts';
import { type FaultName, faultNames, isOfNetworks, play } from './faults.ts';
import { MastersCluster } from './masters-cluster.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    faults: { type: 'string', default: '' },
    machines: { type: 'boolean', default: false },
  },
});

/** The python client finds the leader by the znodes alone, and reads who may write the registry. */
const KAZOO = `
import json, sys
from kazoo.client import KazooClient
client = KazooClient(hosts=sys.argv[1], timeout=4)
client.start()
names = client.get_children('/mesos')
assert all(it.startswith('json.info_') for it in names), names
first = min(names, key=lambda it: int(it[-10:]))
info = json.loads(client.get('/mesos/' + first)[0])
head = json.loads(client.get('/mesos-registry/head')[0])
print(json.dumps({'candidates': len(names), 'id': info['id'], 'head': head,
                  'leader': '%s:%d' % (info['address']['ip'], info['address']['port'])}))
client.stop()
`;

interface Seen {
  readonly candidates: number;
  readonly leader: string;
  readonly id: string;
  readonly head: { readonly epoch: number; readonly batch: number };
}

const chance = new Chance(Number(values.seed));
const possible = faultNames.filter((name) => values.machines || !isOfNetworks(name));
const named = values.faults === '' ? [] : values.faults.split(',').map(faultNamed);
/** Those that come next: each comes once before one comes again. */
let coming: FaultName[] = [...named];
const cluster = await MastersCluster.start(Number(values.seed), values.machines);
process.stdin.resume().on('end', () => void stop(1));
process.on('SIGTERM', () => void stop(1));
try {
  let before = await seen();
  for (let round = 0; round < Number(values.rounds); round++) {
    const name = nextFault();
    const beganMs = performance.now();
    await play(name, cluster, chance);
    const leader = await cluster.leader();
    await cluster.worksWith(leader);
    const now = await seen();
    expectRenewed(before, now);
    before = now;
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
    console.log(`round ${round + 1}: ${name}, ${seconds} s, ${leader.name} leads`);
  }
  const wrong = await cluster.end();
  console.log(cluster.summary);
  if (wrong.length > 0) {
    throw new Error(wrong.join('\n'));
  }
  await stop(0);
} catch (error) {
  console.error(error);
  console.error(cluster.logs());
  await stop(1);
}

function nextFault(): FaultName {
  if (coming.length === 0) {
    coming = named.length > 0 ? [...named] : shuffled(possible);
  }
  return coming.shift() ?? chance.pick(possible);
}

function shuffled(names: readonly FaultName[]): FaultName[] {
  return names
    .map((name) => ({ name, at: chance.random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

/** When all masters stand, and the oldest candidate is the leader. */
function seen(): Promise<Seen> {
  return until('kazoo finds the leader', async () => {
    // On a busy machine one may have lost its session meanwhile.
    await cluster.startAllMasters();
    const parameters = ['-c', KAZOO, cluster.ensemble.addresses.join(',')];
    const { stdout } = await promisify(execFile)('/usr/bin/python3', parameters);
    const found: Seen = JSON.parse(stdout);
    const leader = await cluster.leader();
    return found.leader === leader.address && found.candidates === cluster.masters.length && found;
  });
}

/** Each leader has an epoch of its own, and writes nothing in another's. */
function expectRenewed(before: Seen, now: Seen): void {
  const [from, to] = [before.head, now.head];
  const isRight =
    before.id === now.id
      ? to.epoch === from.epoch && to.batch >= from.batch
      : to.epoch > from.epoch;
  if (!isRight) {
    cluster.ledger.fault(
      `master ${before.id} had the registry at ${JSON.stringify(from)}, ${now.id} at ` +
        JSON.stringify(to),
    );
  }
}

function faultNamed(text: string): FaultName {
  const name = faultNames.find((it) => it === text);
  if (name === undefined) {
    throw new RangeError(`There is no fault ${text}, but ${faultNames.join(', ')}`);
  }
  return name;
}

async function stop(status: number): Promise<never> {
  await cluster.stop();
  process.exit(status);
}
