import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { agentOptions } from '../../src/cli/agent/options.ts';
import { BATCH_FLAGS } from '../../src/cli/batch/flags.ts';
import { allCommands, allScripts } from '../../src/cli/commands.ts';
import { EXECUTE_FLAGS } from '../../src/cli/execute/flags.ts';
import { launchRequest } from '../../src/cli/execute/launch-request.ts';
import type { FlagTable } from '../../src/cli/flags/flag.ts';
import { FlagError, parseFlags } from '../../src/cli/flags/parse.ts';
import { flagTexts, helpText } from '../../src/cli/flags/print.ts';
import { flagReference } from '../../src/cli/flags/reference.ts';
import { LOCAL_FLAGS } from '../../src/cli/local/flags.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { masterOptions } from '../../src/cli/master/options.ts';
import { Random } from '../../src/model/random.ts';

/** Sample values for flags whose JSON is checked. */
const SAMPLES: Readonly<Record<string, unknown>> = {
  domain: { fault_domain: { region: { name: 'r' }, zone: { name: 'z' } } },
  firewall_rules: { disabled_endpoints: { paths: ['/state'] } },
  agent_features: {
    capabilities: [
      'MULTI_ROLE',
      'HIERARCHICAL_ROLE',
      'RESERVATION_REFINEMENT',
      'AGENT_OPERATION_FEEDBACK',
      'RESOURCE_PROVIDER',
      'AGENT_DRAINING',
      'TASK_RESOURCE_LIMITS',
    ].map((type) => ({ type })),
  },
};

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-flags-'));
afterAll(() => rmSync(folder, { recursive: true }));

const master = (argv: string[], environment: Record<string, string> = {}) =>
  parseFlags(MASTER_FLAGS, { argv, environment });
const agent = (argv: string[], environment: Record<string, string> = {}) =>
  parseFlags(AGENT_FLAGS, { argv, environment });

test('without flags, the values are the defaults of Mesos', () => {
  const { values, warnings } = master([]);
  expect(values.port).toBe(5050);
  expect(values.agent_ping_timeout).toBe(15_000);
  expect(values.filter_gpu_resources).toBe(true);
  expect(values.offer_timeout).toBeUndefined();
  expect(warnings).toEqual([]);
});

test('values of every kind are read', () => {
  const { values } = master([
    '--port=6060',
    '--agent_reregister_timeout=15mins',
    '--no-filter_gpu_resources',
    '--require_agent_domain',
    '--publish_per_framework_metrics=false',
    '--offer_constraints_re2_max_mem=8KB',
    '--roles=a,b',
    '--recovery_agent_removal_limit=25%',
    '--agent_removal_rate_limit=1/10mins',
    '--cluster=the kit',
    '--domain={"fault_domain":{"region":{"name":"r"},"zone":{"name":"z"}}}',
  ]);
  expect(values).toMatchObject({
    port: 6060,
    agent_reregister_timeout: 900_000,
    filter_gpu_resources: false,
    require_agent_domain: true,
    publish_per_framework_metrics: false,
    offer_constraints_re2_max_mem: 8192,
    roles: ['a', 'b'],
    recovery_agent_removal_limit: 0.25,
    agent_removal_rate_limit: { count: 1, perMs: 600_000 },
    cluster: 'the kit',
    domain: { fault_domain: { region: { name: 'r' }, zone: { name: 'z' } } },
  });
});

describe('sources', () => {
  test('a variable of libprocess counts where neither the command line nor ours says otherwise', () => {
    const asked = (argv: string[], environment: Record<string, string>) =>
      agent(argv, environment).values.require_peer_address_ip_match;
    const libprocess = { LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH: '0' };
    expect(asked([], {})).toBe(true);
    expect(asked([], libprocess)).toBe(false);
    expect(asked([], { ...libprocess, MESOS_REQUIRE_PEER_ADDRESS_IP_MATCH: 'true' })).toBe(true);
    expect(asked(['--require_peer_address_ip_match'], libprocess)).toBe(true);
    expect(() => asked([], { LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH: 'maybe' })).toThrow(
      /set by LIBPROCESS_REQUIRE_PEER_ADDRESS_IP_MATCH in the environment/,
    );
  });

  test('the environment counts below the command line, unknown variables are ignored', () => {
    const environment = {
      MESOS_PORT: '7000',
      MESOS_CLUSTER: 'env',
      MESOS_NATIVE_JAVA_LIBRARY: '/usr/lib/libmesos.so',
      PORT: '1',
    };
    const { values } = master(['--cluster=line'], environment);
    expect(values.port).toBe(7000);
    expect(values.cluster).toBe('line');
  });

  test('file:// stands for what is in the file; a path stays a path', () => {
    const file = join(folder, 'resources.txt');
    writeFileSync(file, 'cpus:4;mem:1024\n');
    const { values } = agent([`--resources=file://${file}`, `--work_dir=file://${folder}`]);
    expect(values.resources).toBe('cpus:4;mem:1024');
    expect(values.work_dir).toBe(folder);
  });

  test('JSON flags also take a bare path', () => {
    const file = join(folder, 'rules.json');
    writeFileSync(file, '{"disabled_endpoints":{"paths":["/state"]}}');
    expect(master([`--firewall_rules=${file}`]).values.firewall_rules).toEqual({
      disabled_endpoints: { paths: ['/state'] },
    });
  });

  test('every flag that takes JSON takes the path of a file, relative ones too', () => {
    const tables = { MASTER_FLAGS, AGENT_FLAGS, EXECUTE_FLAGS };
    const before = process.cwd();
    mkdirSync(join(folder, 'below'), { recursive: true });
    process.chdir(folder);
    try {
      for (const [table, flags] of Object.entries(tables)) {
        const names = Object.entries(flags as FlagTable).filter(
          ([, flag]) => flag.expects.startsWith('JSON') && flag.status !== 'refused',
        );
        expect(names.length, table).toBeGreaterThan(2);
        for (const [name, flag] of names) {
          const value = SAMPLES[name] ?? {};
          const anyTable: FlagTable = { [name]: flag };
          for (const path of ['value.json', './value.json', 'below/1.json', '[x].json']) {
            writeFileSync(path, `${JSON.stringify(value)}\n`);
            for (const given of [path, `file://${path}`, join(folder, path)]) {
              const { values } = parseFlags(anyTable, {
                argv: [`--${name}=${given}`],
                environment: {},
              });
              expect((values as Record<string, unknown>)[name], `--${name}=${given}`).toEqual(
                value,
              );
            }
          }
        }
      }
      writeFileSync('broken.json', '{"hush" 1}');
      expect(() => master(['--acls=broken.json'])).toThrow(
        '--acls expects JSON, or the path of a file that holds it, got the file broken.json ' +
          '(line 1 column 9)',
      );
    } finally {
      process.chdir(before);
    }
  });

  test('a variable that is set to nothing is not set', () => {
    const environment = { MESOS_PORT: '', MESOS_ACLS: '', MESOS_QUIET: '' };
    const { values, given } = master([], environment);
    expect(values).toMatchObject({ port: 5050, acls: undefined, quiet: false });
    expect([...given]).toEqual([]);
  });

  test('an old name works, is reported, and is the name shown in /flags', () => {
    const { values, given, warnings } = master(['--slave_ping_timeout=10secs']);
    expect(values.agent_ping_timeout).toBe(10_000);
    expect(warnings).toEqual(['--slave_ping_timeout is an old name of --agent_ping_timeout']);
    const texts = flagTexts(MASTER_FLAGS, values, given);
    expect(texts.slave_ping_timeout).toBe('10secs');
    expect(texts.agent_ping_timeout).toBeUndefined();
  });

  test('a flag that may be given several times has all its values', () => {
    const batch = (argv: string[], environment = {}) =>
      parseFlags(BATCH_FLAGS, { argv, environment }).values.constraint;
    expect(batch([])).toBeUndefined();
    const given = ['rack:LIKE:a|b', 'zone:MAX_PER:2;hostname:UNIQUE', 'rack:GROUP_BY'];
    expect(batch(given.map((text) => `--constraint=${text}`))).toEqual(given);
    const environment = { MESOS_CONSTRAINT: 'zone:IS:a' };
    expect(batch([], environment)).toEqual(['zone:IS:a']);
    expect(batch(['--constraint=rack:IS:b'], environment)).toEqual(['rack:IS:b']);
    expect(() => batch(['--constraint=rack:UNIQUE', '--constraint=rack:LIKE:['])).toThrow(
      "--constraint must give LIKE a regular expression, got 'rack:LIKE:['",
    );
    expect(() => batch(['--constraint=a:LIKE:[', '--constraint=b:IS'])).toThrow(
      "--constraint must give LIKE a regular expression, got 'a:LIKE:['\n" +
        "--constraint must give IS a value, got 'b:IS'",
    );
    expect(() => batch(['--constraint=rack:UNIQUE', '--constraint'])).toThrow(
      '--constraint needs a value: --constraint=ATTRIBUTE:OPERATOR[:VALUE]',
    );
  });

  test('what follows -- is no flag', () => {
    expect(master(['--port=1', '--', '--port=2', 'x']).rest).toEqual(['--port=2', 'x']);
  });
});

describe('any value of a flag is read, or refused with a FlagError and no other error', () => {
  const nasty = [
    '',
    ' ',
    '-1',
    '0',
    '1e400',
    '99999999999999999999',
    'x',
    'x:y',
    '{}',
    '[]',
    '[1]',
    'null',
    '"x"',
    '{"a":{"b":[null]}}',
    '/',
    '/dev/null',
    '/proc/self/mem',
    '/nowhere',
    'file://',
    'file:///',
    '\0',
    'ä:1;ö',
    'cpus:-1',
    'cpus:1;cpus:x',
    ';;',
    ',',
    '%',
    '\u{1F600}',
    '[[[[',
  ];
  const start = {
    address: { listenIp: '127.0.0.1', listenPort: 1, ip: '127.0.0.1', port: 1, hostname: 'h' },
    flagTexts: {},
    nowMs: 0,
    random: new Random(1),
  };
  const uses = {
    master: [MASTER_FLAGS, (values: never) => masterOptions(values, start)],
    agent: [
      AGENT_FLAGS,
      (values: never) => agentOptions(values, { ...start, workDir: folder, capabilities: {} }),
    ],
    execute: [
      EXECUTE_FLAGS,
      (values: never) => launchRequest({ values, written: new Set(), rest: [] }),
    ],
    batch: [BATCH_FLAGS, () => undefined],
    local: [LOCAL_FLAGS, () => undefined],
  } as const;

  test.each(Object.keys(uses) as (keyof typeof uses)[])('%s', (name) => {
    const [table, use] = uses[name];
    let refused = 0;
    for (const flag of Object.keys(table)) {
      for (const value of nasty) {
        try {
          const { values } = parseFlags<FlagTable>(table, {
            argv: [`--${flag}=${value}`],
            environment: {},
          });
          use(values as never);
        } catch (error) {
          expect(error, `--${flag}=${value}`).toBeInstanceOf(FlagError);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

describe('a value that cannot be used is refused in one clear line', () => {
  test.each([
    [['--prot=1'], 'unknown flag --prot (did you mean --port?)'],
    [['--zzzzzzzzzzz'], 'unknown flag --zzzzzzzzzzz'],
    [['--xy=1'], 'unknown flag --xy'],
    [['--i=1'], 'unknown flag --i'],
    [['--port=x'], "--port expects a port, 1 to 65535, got 'x'"],
    [['--port=99999'], "--port expects a port, 1 to 65535, got '99999'"],
    [['--port'], '--port needs a value: --port=PORT'],
    [['--no-port'], '--no-port makes no sense: it expects a port, 1 to 65535'],
    [['--no-quiet=true'], '--no-quiet takes no value'],
    [['--quiet=maybe'], "--quiet expects true or false, got 'maybe'"],
    [['--port=1', '--port=2'], '--port is given twice'],
    [['--port=1', '--no-port'], '--port and --no-port cannot be used together'],
    [['--allocator=x'], '--allocator is not supported yet: only HierarchicalDRF is'],
    [['--hooks=h'], '--hooks is not supported yet'],
    [
      ['--slave_ping_timeout=1secs', '--agent_ping_timeout=1secs'],
      '--agent_ping_timeout is given twice (it is the same as --slave_ping_timeout)',
    ],
    [
      ['--agent_ping_timeout=20mins'],
      "--agent_ping_timeout must be from 1secs to 15mins, got '20mins'",
    ],
    [
      ['--registry=etcd'],
      "--registry expects one of replicated_log, zookeeper, sqlite, in_memory, got 'etcd'",
    ],
    [
      ['--acls={"run_tasks":[],"run_tasks":[]}'],
      "--acls has the key 'run_tasks' twice in one object",
    ],
    [['--offer_timeout=0secs'], "--offer_timeout must be more than 0, got '0secs'"],
    [
      ['--registry_max_agent_age=-1secs'],
      '--registry_max_agent_age expects a duration that is not negative, such as 500ms, 10secs, 5mins, ' +
        "1hrs, 2days or 1weeks, got '-1secs'",
    ],
    [
      ['--agent_removal_rate_limit=0/1secs'],
      "--agent_removal_rate_limit expects a rate such as 1/10mins, got '0/1secs'",
    ],
    [
      ['--domain={"fault_domain":{"region":{"name":""},"zone":{"name":"z"}}}'],
      '--domain must hold a region and a zone that have names, got ' +
        `'{"fault_domain":{"region":{"name":""},"zone":{"name":"z"}}}'`,
    ],
    [
      ['--domain=/nowhere.json'],
      '--domain names a file that cannot be read: /nowhere.json (ENOENT)',
    ],
    [
      ['--roles=eng,no space'],
      "--roles expects roles such as eng or eng/web, separated by commas, got 'eng,no space'",
    ],
    [['--registry_store_timeout=0ns'], "--registry_store_timeout must be more than 0, got '0ns'"],
    [
      ['--zk_session_timeout=10weeks'],
      "--zk_session_timeout must be from 1secs to 1hrs, got '10weeks'",
    ],
    [['--hostname=two words'], "--hostname expects a host name, got 'two words'"],
    [
      ['--firewall_rules={"paths":["/state"]}'],
      '--firewall_rules expects {"disabled_endpoints": {"paths": ["/…"]}}, ' +
        `got '{"paths":["/state"]}'`,
    ],
    [
      ['--firewall_rules={"disabled_endpoints":{"paths":["/state"],"path":["/x"]}}'],
      '--firewall_rules expects {"disabled_endpoints": {"paths": ["/…"]}}, ' +
        `got '{"disabled_endpoints":{"paths":["/state"],"path":["/x"]}}'`,
    ],
    [['--domain={}'], "--domain must hold a fault_domain with a region and a zone, got '{}'"],
  ])('%j', (argv, message) => {
    expect(() => master(argv)).toThrow(expect.objectContaining({ message }));
  });

  test('the line says where the value comes from, when that is not the command line', () => {
    expect(() => master([], { MESOS_PORT: 'x' })).toThrow(
      "--port expects a port, 1 to 65535, got 'x' (set by MESOS_PORT in the environment)",
    );
    expect(() => agent([], { MESOS_DISK_PROFILE_ADAPTOR: 'x' })).toThrow(
      /not supported yet.* \(set by MESOS_DISK_PROFILE_ADAPTOR in the environment\)$/,
    );
  });

  test.each(['../x', 'a/../../../x', '', '/abs', 'a//b', '.', 'a/'])(
    '--cgroups_root=%s is no path below a hierarchy',
    (root) => {
      expect(() => agent([`--cgroups_root=${root}`])).toThrow(
        `--cgroups_root expects names with a slash between them, such as mesos or services/mesos, got '${root}'`,
      );
      expect(agent(['--cgroups_root=services/mesos']).values.cgroups_root).toBe('services/mesos');
    },
  );

  test('a feature that is missing is refused where going on would be unsafe', () => {
    expect(() => master(['--hooks=h'])).toThrow(/^--hooks is not supported/);
    expect(() => agent(['--launcher=windows'])).toThrow(
      '--launcher=windows is not supported yet: agents run on Linux',
    );
    expect(() => agent(['--isolation=windows/cpu,posix/cp'])).toThrow(
      /^--isolation=windows\/cpu,posix\/cp is not supported yet: there is [^']* \(did you mean posix\/cpu for posix\/cp\?\)$/,
    );
    expect(() => agent(['--isolation=posix/mem,posix/cp'])).toThrow(
      /^--isolation=posix\/cp is not supported yet: .*, got 'posix\/mem,posix\/cp'$/,
    );
    expect(() => agent(['--isolation=posix/mem,posix/cpu,posix/mem'])).toThrow(
      "--isolation has posix/mem more than once, got 'posix/mem,posix/cpu,posix/mem'",
    );
    expect(() => agent(['--isolation=namespaces/ipc', '--default_container_shm_size=0B'])).toThrow(
      '--default_container_shm_size must be positive: size 0 would be no limit',
    );
    expect(master(['--no-authenticate_agents', '--authorizers=local']).warnings).toEqual([]);
  });

  test('all faults are reported at once, a line each', () => {
    const argv = [
      '--hooks=x',
      '--modules_dir=nowhere',
      '--isolation=windows/cpu',
      '--nix',
      '--port=0',
    ];
    const told = (() => {
      try {
        return agent(argv, { MESOS_DISK_PROFILE_ADAPTOR: 'x' });
      } catch (error) {
        return (error as FlagError).message.split('\n');
      }
    })();
    expect(told).toHaveLength(6);
    for (const line of [
      /^unknown flag --nix/,
      /^--port expects .*, got '0'$/,
      /^--hooks is not supported yet$/,
      /^--modules_dir is not supported yet$/,
      /^--isolation=windows\/cpu is not supported yet: /,
      /^--disk_profile_adaptor is not supported yet \(set by MESOS_DISK_PROFILE_ADAPTOR in the env/,
    ]) {
      expect(told).toContainEqual(expect.stringMatching(line));
    }
  });

  test('a feature that is missing is warned about where going on is safe', () => {
    expect(agent(['--ip6=::1']).warnings).toEqual(['--ip6 has no effect yet']);
  });
});

test('/flags shows the path of a file of secrets, and never its text', () => {
  const shown = (name: 'http_credentials' | 'docker_config', text: string) => {
    const argv = ['--master=x:1', '--work_dir=/w', `--${name}=${text}`];
    const { values, given } = parseFlags(AGENT_FLAGS, { argv, environment: {} });
    return flagTexts(AGENT_FLAGS, values, given)[name];
  };
  expect(shown('http_credentials', '/etc/credentials')).toBe('/etc/credentials');
  expect(shown('docker_config', ' {"auths": {"registry": {"auth": "c2VjcmV0"}}}')).toBe('****');
});

test('/flags prints as Mesos prints', () => {
  const { values, given } = master(['--work_dir=/w', '--cluster=c']);
  const texts = flagTexts(MASTER_FLAGS, values, given);
  expect(texts).toMatchObject({
    agent_reregister_timeout: '10mins',
    allocation_interval: '1secs',
    allocator_agent_recovery_factor: '0.8',
    authenticate_agents: 'false',
    cluster: 'c',
    offer_constraints_re2_max_mem: '4KB',
    recovery_agent_removal_limit: '100%',
    registry_max_agent_age: '2weeks',
    zk_session_timeout: '10secs',
    work_dir: '/w',
  });
  expect(texts.offer_timeout).toBeUndefined();
});

test('the help of each flag is a sentence', async () => {
  for (const { name: command, flags } of await allCommands()) {
    for (const [name, { help }] of Object.entries(flags)) {
      expect(help, `help of ${command} --${name}`).toMatch(/^.{10,}[.]$/s);
    }
  }
});

test('--help fits narrow terminals as far as its words do', () => {
  for (const columns of [40, 60]) {
    const text = helpText(
      `mesoscale agent\n\n${'It runs tasks. '.repeat(10)}`,
      AGENT_FLAGS,
      columns,
    );
    const wide = text.split('\n').filter((line) => line.length > columns);
    expect(wide.filter((line) => line.trim().includes(' '))).toEqual([]);
  }
});

test('--help fits the terminal', () => {
  const text = helpText(`mesoscale agent\n\n${'It runs tasks. '.repeat(10)}`, AGENT_FLAGS, 80);
  expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(text).toContain('  --[no-]switch_user\n');
  expect(text).toContain('  --gc_delay=DURATION\n');
  expect(text).toContain('  --recover=reconnect|cleanup\n');
  expect(text).toContain('  --help\n');
});

test('--help leaves lines of examples whole', () => {
  const example = 'mesoscale registry export --work_dir=/var/lib/mesos > registry.json';
  const text = helpText(`Usage\n\nFor example:\n${example}\n${example}\n\nAnd more.`, {}, 70);
  expect(text).toBe(`Usage\n\nFor example:\n${example}\n${example}\n\nAnd more.\n`);
});

test('docs/flags.md is current', async () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'flags.md');
  expect(
    readFileSync(file, 'utf8'),
    'docs/flags.md is made from the tables of commands and flags: run `npm run docs:pages`',
  ).toBe(flagReference([...(await allCommands()), ...(await allScripts())]));
});

test('what docs and README give to `npm start` is understood', () => {
  const root = join(import.meta.dirname, '..', '..');
  const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)];
  const lines = pages
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) => [
      ...readFileSync(join(root, name), 'utf8').matchAll(/npm start -- ((?:--[^\s`]+ ?)+)/g),
    ])
    .map(([, flags = '']) => flags.trim().split(' '));
  expect(lines.length).toBeGreaterThan(2);
  for (const argv of lines) {
    expect(() => parseFlags(LOCAL_FLAGS, { argv, environment: {} })).not.toThrow();
  }
});
