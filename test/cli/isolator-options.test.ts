// What flags ask of isolators, and what is wrong with it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AGENT_FLAGS } from '../../src/cli/agent/flags.ts';
import { isolatorOptions } from '../../src/cli/agent/isolators.ts';
import { seccompProfiles } from '../../src/cli/agent/seccomp.ts';
import { parseFlags } from '../../src/cli/flags/parse.ts';
import { profileNamed } from '../../src/containerizer/plan/seccomp-choice.ts';
import { temporaryFolder } from '../agent-driver/harness.ts';

let folder: ReturnType<typeof temporaryFolder>;

beforeAll(() => {
  folder = temporaryFolder();
  const profile = { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [] };
  writeFileSync(join(folder.path, 'good.json'), JSON.stringify(profile));
  writeFileSync(join(folder.path, 'garbage.json'), '{');
  writeFileSync(join(folder.path, 'large.json'), ' '.repeat(2 ** 20 + 1));
  mkdirSync(join(folder.path, 'folder'));
});

afterAll(() => folder[Symbol.dispose]());

const options = (...argv: string[]) =>
  isolatorOptions(
    parseFlags(AGENT_FLAGS, { argv, environment: {} }).values,
    () => [],
    () => '/agent',
  );

const seccomp = (more: { seccomp_profile_name?: string; seccomp_config_dir?: string }) => {
  const values = { seccomp_config_dir: folder.path, seccomp_profile_name: undefined };
  return seccompProfiles({ isolation: ['linux/seccomp'], ...values, ...more });
};

test('folders that may be made for volumes are absolute, and need their isolator', () => {
  const flag = '--host_path_volume_force_creation=/srv/a/../b:/data/';
  expect(options(flag, '--isolation=volume/host_path').creatableHostPaths).toEqual([
    '/srv/b',
    '/data/',
  ]);
  expect(options().creatableHostPaths).toBeUndefined();
  expect(() => options(flag)).toThrow(
    '--host_path_volume_force_creation needs the isolator volume/host_path in --isolation',
  );
  expect(() =>
    options('--host_path_volume_force_creation=srv', '--isolation=volume/host_path'),
  ).toThrow("'srv' is no absolute path");
});

test('what containers of type DOCKER have without --isolation, flags may speak of', () => {
  const flags = ['--cgroups_enable_cfs', '--disallow_sharing_agent_pid_namespace'];
  expect(() => options(...flags)).toThrow('--cgroups_enable_cfs needs the isolator cgroups/cpu');
  const { cgroups, isPidSharingAllowed } = options(...flags, '--containerizers=docker,mesos');
  expect(cgroups?.isQuotaEnabled).toBe(true);
  expect(isPidSharingAllowed).toBe(false);
});

test.each([
  ['', 'containerizers expects mesos or docker, or both'],
  ['mesos,mesos', 'containerizers has mesos more than once'],
  ['podman', 'containerizers=podman is not supported yet: there is mesos, docker'],
])('--containerizers=%s is refused', (value, message) => {
  expect(() => options(`--containerizers=${value}`)).toThrow(message);
});

test('events are counted once each, as often and as long as the flags say', () => {
  const { cgroups } = options(
    '--isolation=cgroups/all',
    '--perf_events=task-clock, LLC-loads,task-clock',
    '--perf_interval=30secs',
    '--perf_duration=30secs',
  );
  expect(cgroups?.perf).toEqual({
    events: ['task-clock', 'LLC-loads'],
    intervalMs: 30_000,
    durationMs: 30_000,
  });
  expect(options('--isolation=cgroups/perf_event').cgroups?.perf).toBeUndefined();
});

test('profiles are read once, and faulty ones refuse only those that ask for them', () => {
  const profiles = seccomp({ seccomp_profile_name: 'good.json' });
  expect(profiles).toMatchObject({ folder: folder.path, standard: 'good.json' });
  const named = (name: string) => profiles && profileNamed(name, profiles);
  expect(named('good.json')).toMatchObject({ defaultAction: 'SCMP_ACT_ALLOW' });
  expect(() => named('garbage.json')).toThrow(/^Failed to parse .*garbage.json': it is no JSON: /);
  expect(() => named('large.json')).toThrow(/it is no file of at most 1048576 bytes$/);
  expect(() => named('folder')).toThrow(/it is no file/);
  expect(() => named('../etc/passwd')).toThrow(/^Failed to read Seccomp profile file '.*passwd'/);
});

test('flags of profiles that nothing would apply, or that name none, are errors', () => {
  expect(() => seccomp({ seccomp_profile_name: 'garbage.json' })).toThrow(
    /^--seccomp_profile_name: Failed to parse/,
  );
  expect(() => seccomp({ seccomp_profile_name: 'none' })).toThrow(
    /^--seccomp_profile_name: Failed to read/,
  );
  expect(() => seccomp({ seccomp_config_dir: '/no/such/folder' })).toThrow(
    /^--seccomp_config_dir: the folder .* cannot be read: ENOENT/,
  );
  expect(() => options(`--seccomp_config_dir=${folder.path}`)).toThrow(
    '--seccomp_config_dir needs linux/seccomp in --isolation',
  );
  expect(() => options('--seccomp_profile_name=good.json')).toThrow(
    '--seccomp_profile_name needs linux/seccomp in --isolation',
  );
  expect(() => options('--isolation=linux/seccomp')).toThrow(
    '--isolation: linux/seccomp needs --seccomp_config_dir',
  );
});

test('containers of type DOCKER are in a bridge of the agent, or in a network of the operator', () => {
  const docker = '--containerizers=docker';
  const asked = (value: string) => options(docker, `--docker_bridge_network=${value}`);
  expect(options().dockerNetworks).toMatchObject({ bridge: 'docker-bridge' });
  expect(asked('10.9.0.0/16').dockerNetworks).toMatchObject({ bridge: 'docker-bridge' });
  expect(asked('mine').dockerNetworks).toMatchObject({ bridge: 'mine' });
  for (const wrong of ['10.9.0.1/16', '10.9.0.0/31', '0.0.0.0/0', 'fd00::/64', '../mine', 'a b']) {
    expect(() => asked(wrong)).toThrow(
      `--docker_bridge_network expects addresses such as 172.17.0.0/16, or the name of a network, got '${wrong}'`,
    );
  }
  expect(() => options('--docker_bridge_network=mine')).toThrow(
    '--docker_bridge_network needs docker in --containerizers',
  );
});

test('they are told of names as the operator says', () => {
  const dns = (server: string) => ({ nameservers: [server] });
  const docker = [
    { network_mode: 'BRIDGE', dns: dns('10.0.0.1') },
    { network_mode: 'USER', network_name: 'mine', dns: dns('10.0.0.2') },
    { network_mode: 'USER', dns: dns('10.0.0.3') },
  ];
  const { dockerNetworks } = options(`--default_container_dns=${JSON.stringify({ docker })}`);
  expect(dockerNetworks?.dns).toMatchObject({
    docker: { networks: new Map([['mine', dns('10.0.0.2')]]), others: dns('10.0.0.3') },
    dockerBridge: dns('10.0.0.1'),
  });
});
