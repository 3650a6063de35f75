// One start reports all faults, whichever part of a program finds them.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { agentSettings } from '../../src/cli/agent/settings.ts';
import { EXECUTE_FLAGS } from '../../src/cli/execute/flags.ts';
import { launchRequest } from '../../src/cli/execute/launch-request.ts';
import { FlagError } from '../../src/cli/flags/faults.ts';
import { parseFlags, readFlags } from '../../src/cli/flags/parse.ts';
import { MASTER_FLAGS } from '../../src/cli/master/flags.ts';
import { masterSettings } from '../../src/cli/master/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'mesoscale-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The lines of the error. */
async function told(start: () => unknown): Promise<string[]> {
  try {
    await start();
  } catch (error) {
    expect(error).toBeInstanceOf(FlagError);
    return (error as FlagError).message.split('\n');
  }
  return [];
}

const master = (...argv: string[]) =>
  told(() => masterSettings(readFlags(MASTER_FLAGS, { argv, environment: {} })));
const agent = (...argv: string[]) =>
  told(() => agentSettings(readFlags(AGENT_FLAGS, { argv, environment: {} })));
const execute = (...argv: string[]) =>
  told(() => launchRequest(parseFlags(EXECUTE_FLAGS, { argv, environment: {} })));

test.each([
  [
    ['--enforce_container_disk_quota'],
    '--enforce_container_disk_quota needs the isolator disk/du or disk/xfs in --isolation',
  ],
  [
    ['--enforce_container_ports', '--isolation=disk/du'],
    '--enforce_container_ports needs the isolator network/ports in --isolation',
  ],
  [
    ['--perf_events=task-clock'],
    '--perf_events needs the isolator cgroups/perf_event in --isolation',
  ],
  [
    ['--isolation=cgroups/perf_event', '--perf_events=task-clock,cs,,LLC-loads'],
    "--perf_events expects events for which statistics have a figure, such as task-clock,page-faults,LLC-loads, but not 'cs', '', got 'task-clock,cs,,LLC-loads'",
  ],
  [
    ['--isolation=cgroups/perf_event', '--perf_events=cycles', '--perf_interval=9secs'],
    '--perf_duration is longer than --perf_interval: a sample of 10 s cannot begin every 9 s',
  ],
  [['--perf_duration=0secs'], "--perf_duration must be more than 0, got '0secs'"],
  [
    ['--isolation=disk/xfs', '--xfs_kill_containers'],
    '--xfs_kill_containers needs --enforce_container_disk_quota',
  ],
  [
    ['--http_executor_domain_sockets', '--domain_socket_location=systemd:agent'],
    "--domain_socket_location expects an absolute path of at most 107 bytes, got 'systemd:agent'",
  ],
  [
    ['--xfs_project_range=[0-9]'],
    "--xfs_project_range expects ranges of numbers from 1 to 4294967294, got '[0-9]'",
  ],
  [
    ['--container_ports_isolated_range=[1-2]', '--check_agent_port_range_only'],
    '--container_ports_isolated_range and --check_agent_port_range_only exclude each other',
  ],
  [
    ['--container_ports_isolated_range=[1-65536]'],
    "--container_ports_isolated_range expects ranges of ports such as [0-35000], got '[1-65536]'",
  ],
])(
  'an agent does not start where its isolators are not told what to do: %j',
  async (flags, line) => {
    const lines = await agent('--master=h:1', '--work_dir=/proc/none', ...flags);
    expect(lines.filter((it) => !it.includes('work_dir'))).toEqual([line]);
  },
);

describe('all faults are reported at once, a line each', () => {
  test('of a master: names, values, addresses, files, lists and folders', async () => {
    const lines = await master(
      '--prot=1',
      '--offer_timeout=1',
      '--ip=nowhere',
      '--advertise_ip=elsewhere',
      '--credentials=/nope2',
      '--weights=a=x,b=y',
      '--whitelist=/nope3',
      '--min_allocatable_resources=cpus|mem:x',
      '--acls={"run_task":[]}',
      '--work_dir=/proc/none',
      '--log_dir=/proc/none',
    );
    for (const line of [
      /^unknown flag --prot/,
      /^--offer_timeout expects a duration/,
      /^--ip expects an IPv4 address/,
      /^--advertise_ip expects an IPv4 address/,
      /^--credentials names a file that cannot be read: \/nope2/,
      /^--weights expects .* got 'a=x'/,
      /^--weights expects .* got 'b=y'/,
      /^--whitelist names a file that cannot be read: \/nope3/,
      /^--min_allocatable_resources: .* got 'cpus'/,
      /^--min_allocatable_resources: .* got 'x'/,
      /^--acls: there is no action 'run_task'/,
      /^--work_dir expects a folder/,
      /^--log_dir expects a folder/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(line));
    }
    expect(lines).toHaveLength(13);
  });

  test('of an agent: single resources and attributes, what is not supported, and JSON', async () => {
    const lines = await agent(
      '--attributes=foo;rack:{a}',
      '--resources=cpus:{a,b};ports:5;mem:1;gpus:0.5',
      '--gc_delay=1',
      '--isolation=windows/cpu',
      '--image_providers=docker,rkt',
      '--master=zk://h:0/m',
      '--authenticate_http_readonly',
      '--domain={"fault_domain":{"region":{"name":"r"},"zone":{"name":"z","rack":1}}}',
    );
    for (const line of [
      /^--attributes: .* got 'foo'/,
      /^--attributes: .* got a set/,
      /^--resources: 'cpus' must be a number/,
      /^--resources: 'ports' must be ranges/,
      /^--resources: 'gpus' must be a whole number/,
      /^--gc_delay expects a duration/,
      /^--isolation=windows\/cpu is not supported/,
      /^--image_providers: rkt is no type of images: there are DOCKER, APPC/,
      /^--master: expected zk:.*, but a server is 'h:0'/,
      /^--authenticate_http_readonly needs --http_credentials/,
      /^--domain has the unknown field 'fault_domain\.zone\.rack' \(there are name\)/,
    ]) {
      expect(lines).toContainEqual(expect.stringMatching(line));
    }
    expect(lines).toHaveLength(11);
  });

  test('a faulty flag is not called missing as well, and a missing one is told when the rest is right', async () => {
    expect(await master('--work_dir=')).toEqual([
      expect.stringMatching(/^--work_dir expects a path/),
    ]);
    expect(await agent('--http_credentials=', '--authenticate_http_readonly')).toEqual([
      expect.stringMatching(/^--http_credentials expects a path/),
    ]);
    expect(await agent()).toEqual([
      expect.stringMatching(/^--master is required/),
      expect.stringMatching(/^--work_dir is required/),
    ]);
  });

  test('of a command: resources, environment and limits', async () => {
    const flags = [
      '--resources=cpus:x;mem',
      '--env={"A":1,"B":"b","C":[]}',
      '--rlimits={"limit":1}',
    ];
    expect(await execute('--name=x', '--command=x', ...flags)).toEqual([
      "--rlimits has the unknown field 'limit' (did you mean 'rlimits'?)",
      "--resources: expected a number, [ranges] or {set} for cpus, got 'x'",
      "--resources: expected a resource such as cpus:4 or mem(role):1024, got 'mem'",
      "--env expects a JSON object of texts (in double quotes), but 'A' is a number",
      "--env expects a JSON object of texts (in double quotes), but 'C' is a list",
    ]);
  });
});

describe('a field that is misspelt is named with the field that was meant', () => {
  const task = { name: 'x', task_id: { value: 'x' }, comand: { value: 'true' } };

  test('in a task', async () => {
    expect(await execute(`--task=${JSON.stringify(task)}`)).toEqual([
      "--task has the unknown field 'comand' (did you mean 'command'?)",
    ]);
  });

  test('in the spelling of Marathon', async () => {
    const container = { type: 'DOCKER', docker: { image: 'a', forcePullImage: true } };
    const { comand: command, ...rest } = task;
    expect(await execute(`--task=${JSON.stringify({ ...rest, command, container })}`)).toEqual([
      "--task has the unknown field 'container.docker.forcePullImage' (did you mean 'force_pull_image'?)",
    ]);
  });

  test('in the tasks of a group', async () => {
    const { comand: command, ...rest } = task;
    const other = { ...rest, command: { ...command, argument: ['x'] } };
    expect(await execute(`--task_group=${JSON.stringify({ tasks: [task, other] })}`)).toEqual([
      "--task_group: task 1 has the unknown field 'comand' (did you mean 'command'?)",
      "--task_group: task 2 has the unknown field 'command.argument' (did you mean 'arguments'?)",
    ]);
    expect(await execute(`--task_group=${JSON.stringify({ tasks: [task], x: 1 })}`)).toEqual([
      `--task_group expects {"tasks": [TaskInfo, …]}, got the unknown field 'x'`,
    ]);
  });
});

describe('--resources names a file', () => {
  const file = join(folder, 'resources');
  writeFileSync(file, 'cpus:3;mem:x\n');
  const wrong = "--resources: expected a number, [ranges] or {set} for mem, got 'x'";
  const command = ['--name=x', '--command=x'];

  test.each([file, `file://${file}`, relative(process.cwd(), file)])('%s', async (name) => {
    expect(await execute(...command, `--resources=${name}`)).toEqual([wrong]);
    expect(await agent(`--resources=${name}`, '--master=127.0.0.1:1')).toContain(wrong);
  });

  test('that does not exist', async () => {
    expect(await execute(...command, '--resources=./nowhere')).toEqual([
      '--resources names a file that cannot be read: ./nowhere (ENOENT)',
    ]);
    expect(await execute(...command, '--resources=nofile.json')).toEqual([
      '--resources expects resources such as cpus:8;mem:1024, JSON, or the path of a file that ' +
        "holds them, got 'nofile.json', and there is no such file",
    ]);
  });
});
