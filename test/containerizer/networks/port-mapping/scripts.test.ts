// The scripts of port mapping, as a shell runs them: each is a file beside this one, to be read.
import { expect, test } from 'vitest';
import {
  attachScript,
  detachScript,
  flowQueueBelow,
  flowsScript,
  limitScript,
  machineScript,
  portsScript,
} from '../../../../src/containerizer/networks/port-mapping/scripts.ts';

const machine = {
  eth0: 'eth0',
  lo: 'lo',
  mac: '02:00:0a:00:00:05',
  mtu: 1500,
  ip: '10.0.0.5',
  prefix: 24,
  gateway: '10.0.0.1',
  flowQueue: undefined,
  hasFlowQueues: false,
  tunables: new Map([['core/somaxconn', '4096']]),
};
const sharingFlows = { ...machine, flowQueue: '1:', hasFlowQueues: true };
const limit = { rateBytes: 125_000, ceilBytes: 250_000, burstBytes: 15_000 };
const wiring = {
  namespace: "/run/it's",
  ephemeral: { begin: 32_768, size: 1024 },
  ports: [{ begin: 31_000, size: 8 }],
  limits: { egress: undefined, ingress: { rateBytes: 1_000_000 } },
};
const changes = { egress: { from: undefined, to: limit }, ingress: { from: limit, to: undefined } };

test.each([
  ['machine', machineScript(machine, false)],
  ['flows', flowsScript(sharingFlows, 'root')],
  ['attach', attachScript(machine, wiring)],
  ['ports', portsScript(sharingFlows, wiring, 1)],
  ['limits', limitScript(sharingFlows, wiring, changes)],
  ['detach', detachScript(sharingFlows, wiring.ephemeral)],
])('%s', async (name, script) => {
  await expect(script).toMatchFileSnapshot(`scripts/${name}.sh`);
});

test('a limit that is there already is changed in place', () => {
  const ingress = { from: limit, to: { rateBytes: 1_000 } };
  expect(limitScript(machine, wiring, { egress: undefined, ingress })).toBe(
    "tc -batch - <<'END'\n" +
      'class replace dev mesos-p32768 parent 1: classid 1:1 htb rate 8000bit quantum 60000\n' +
      'END\n',
  );
});

test('flows are shared below the root, or below a class, by a queue with a number of its own', () => {
  expect(flowQueueBelow('root')).toBe('1:');
  expect(flowQueueBelow('1f:2')).toBe('20:');
});
