// Networks that are configured wrongly, and plugins that do what they like, against an agent: each
// task fails with a message that says why, containers beside go on, and nothing is left. This needs
// root.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/cluster.ts';
import { canMakeNetworks } from '../../support/network-namespace.ts';
import { addressesOf, joining, NetworkCluster, service } from './network-cluster.ts';

let cluster: NetworkCluster;

beforeAll(async () => {
  if (canMakeNetworks) {
    cluster = await NetworkCluster.make('good');
    await cluster.start({ agent: cluster.networks.flags });
  }
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

/** What plugins do that are told to attach a container, and what is then said. */
const PLUGINS: Readonly<Record<string, readonly [does: string, said: RegExp]>> = {
  crashes: ['echo oh no >&2; kill -SEGV $$', /it was ended by SIGSEGV: .*stderr='oh no/],
  refuses: [
    `echo '{"cniVersion": "0.4.0", "code": 11, "msg": "I say no", "details": "because"}'; exit 1`,
    /I say no.*because/,
  ],
  fails: ['echo quite wrong >&2; exit 7', /stderr='quite wrong/],
  rubbish: ['echo rubbish', /Failed to parse the output of the CNI plugin .*: syntax error/],
  deep: ["head -c 100000 /dev/zero | tr '\\0' '['", /Failed to parse the output of the CNI plugin/],
  nothing: ['true', /Failed to parse the output of the CNI plugin .*: syntax error/],
  addressless: [`echo '{"cniVersion": "0.4.0"}'`, /address/],
  misaddressed: [
    `echo '{"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.9.9.9.9"}]}'`,
    /10\.9\.9\.9\.9/,
  ],
  future: [
    `echo '{"cniVersion": "0.4.0", "code": 1, "msg": "not that version"}'; exit 1`,
    /not that version/,
  ],
  endless: ['yes', /it printed more than \d+ bytes/],
};
const VERSIONS = '{"cniVersion": "9.9.9", "supportedVersions": ["9.9.9"]}';

/** A plugin that does this when it is told to attach a container, and its network. */
function plugin(type: string, does: string): string {
  cluster.networks.script(
    type,
    `cat > /dev/null
    case $CNI_COMMAND in
      VERSION) echo '${VERSIONS}' ;;
      ADD) ${does} ;;
    esac`,
  );
  const name = `on-${type}`;
  cluster.networks.write(`${type}.conf`, { cniVersion: '0.4.0', name, type });
  return name;
}

/** A network that maps ports of the machine to those of a container. */
const mapped = (...ports: readonly number[]) => ({
  name: 'good',
  port_mappings: ports.map((host_port) => ({ host_port, container_port: 80 })),
});

test.runIf(canMakeNetworks)(
  'what is wrong with a network is told, and leaves nothing',
  async () => {
    const { networks, machine } = cluster;
    const beside = cluster.launched(joining('beside', service('beside'), [mapped(31_001)]));
    const [task] = await cluster.running('beside');
    const url = `http://${task && addressesOf(task).good?.[0]}/`;
    // A plugin that never ends, of a container that is not wanted any more.
    const begun = join(cluster.folder, 'begun');
    const hanging = plugin('hanging', `touch ${begun}; exec sleep 1000`);
    const unwanted = cluster.launch('unwanted', 'true', [hanging]);
    await until('the plugin runs', () => existsSync(begun));
    const ended = cluster.end('unwanted');

    networks.write('text.conf', 'this is no JSON');
    networks.write('gone.conf', { cniVersion: '0.4.0', name: 'gone', type: 'not-there' });
    const long = 'x'.repeat(10_000);
    const cases: readonly (readonly [networks: readonly (string | object)[], said: RegExp])[] = [
      ...Object.entries(PLUGINS).map(
        ([type, [does, said]]) => [[plugin(type, does)], said] as const,
      ),
      ...['nowhere', 'text', 'gone'].map(
        (name) => [[name], new RegExp(`Unknown CNI network '${name}'`)] as const,
      ),
      [[long], /'x+…' is not the name of a network/],
      [['../text'], /'\.\.\/text' is not the name of a network/],
      [['good', 'good'], /Attempted to join CNI network 'good' multiple times/],
      [[mapped(31_001)], /host port 31001\/tcp is mapped to container/],
      [[mapped(31_002, 31_002)], /host port 31002\/tcp is asked for twice/],
      [[mapped(70_000)], /the ports of a port mapping are from 1 to 65535, and not 70000/],
    ];
    const ends = await cluster.ends(
      Object.fromEntries(
        cases.map(([networks], at) => [`t${at}`, joining(`t${at}`, 'true', networks)]),
      ),
    );
    for (const [at, [networks, said]] of cases.entries()) {
      expect.soft(ends[`t${at}`], JSON.stringify(networks).slice(0, 100)).toMatchObject({
        state: expect.stringMatching(/^TASK_(FAILED|ERROR)$/),
        message: expect.stringMatching(said),
      });
    }
    const { log } = cluster.agentProgram;
    expect(log).toMatch(/CNI configuration '.*text\.conf': skipped: syntax error/);
    expect(log).toMatch(/CNI network 'gone' needs the plugin 'not-there'/);
    expect((await unwanted).text).toMatch(/CNI network 'on-hanging': it was not wanted any more/);
    await ended;
    expect(await machine.run('curl', '-sS', url)).toBe('beside\n');
    await beside.kill('SIGINT');
    await cluster.empty();
  },
);
