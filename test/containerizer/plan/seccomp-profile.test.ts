// Profiles in docker's format, resolved for machines, kernels and capabilities; and garbage.
import { expect, test } from 'vitest';
import {
  kernelVersion,
  parseSeccompProfile,
  type SeccompTarget,
  seccompArchitecture,
  seccompFor,
} from '../../../src/containerizer/plan/seccomp-profile.ts';

const target: SeccompTarget = {
  architecture: 'SCMP_ARCH_X86_64',
  kernel: [6, 1],
  capabilities: new Set(['NET_RAW']),
};

const rule = (name: string, more: object = {}) => ({
  names: [name],
  action: 'SCMP_ACT_ALLOW',
  ...more,
});

const profile = (more: object) =>
  JSON.stringify({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [], ...more });

const namesOf = (text: string, change: Partial<SeccompTarget> = {}) =>
  seccompFor(parseSeccompProfile(text), { ...target, ...change }).syscalls.flatMap(
    ({ names }) => names,
  );

test('a profile becomes what the specification of OCI says', () => {
  const text = profile({
    defaultErrnoRet: 38,
    archMap: [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      {
        architecture: 'SCMP_ARCH_X86_64',
        subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
      },
    ],
    syscalls: [
      { ...rule('read'), args: [], comment: '', includes: {}, excludes: {} },
      { ...rule('write'), args: null, errnoRet: 1 },
      {
        ...rule('personality'),
        args: [{ index: 0, value: 131080, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
      },
      { name: 'clone3', action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  });
  expect(seccompFor(parseSeccompProfile(text), target)).toEqual({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    syscalls: [
      { names: ['read'], action: 'SCMP_ACT_ALLOW' },
      { names: ['write'], action: 'SCMP_ACT_ALLOW', errnoRet: 1 },
      {
        names: ['personality'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 131080, valueTwo: 0, op: 'SCMP_CMP_EQ' }],
      },
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    ],
  });
});

test('the architecture is the own one of the machine where the profile does not say', () => {
  const of = (more: object) => seccompFor(parseSeccompProfile(profile(more)), target).architectures;
  expect(of({})).toEqual(['SCMP_ARCH_X86_64']);
  expect(of({ architectures: ['SCMP_ARCH_AARCH64'] })).toEqual(['SCMP_ARCH_X86_64']);
  expect(of({ architectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X86_64'] })).toEqual([
    'SCMP_ARCH_X86_64',
    'SCMP_ARCH_X86',
  ]);
});

test('a rule holds where all that it includes is there, and nothing that it excludes', () => {
  const text = profile({
    syscalls: [
      rule('amd', { includes: { arches: ['amd64', 'x32'] } }),
      rule('no-amd', { excludes: { arches: ['amd64'] } }),
      rule('raw', { includes: { caps: ['CAP_NET_RAW'] } }),
      rule('raw-and-admin', { includes: { caps: ['CAP_NET_RAW', 'CAP_SYS_ADMIN'] } }),
      rule('no-admin', { excludes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }),
      rule('new', { includes: { minKernel: '4.8' } }),
      rule('newest', { includes: { minKernel: '6.2' } }),
    ],
  });
  expect(namesOf(text)).toEqual(['amd', 'raw', 'no-admin', 'new']);
  expect(namesOf(text, { architecture: 'SCMP_ARCH_AARCH64', kernel: [6, 2] })).toEqual([
    'no-amd',
    'raw',
    'no-admin',
    'new',
    'newest',
  ]);
  expect(namesOf(text, { capabilities: undefined, kernel: [4, 7] })).toEqual([
    'amd',
    'raw',
    'raw-and-admin',
  ]);
});

test('the machine is known by its names', () => {
  expect(seccompArchitecture('x64')).toBe('SCMP_ARCH_X86_64');
  expect(seccompArchitecture('arm64')).toBe('SCMP_ARCH_AARCH64');
  expect(seccompArchitecture('vax')).toBeUndefined();
  expect(kernelVersion('6.1.0-18-amd64')).toEqual([6, 1]);
});

test.each([
  ['', /^it is no JSON: /],
  ['null', /^the profile is no object$/],
  ['[]', /^the profile is no object$/],
  ['{}', /^defaultAction is undefined: expected one of SCMP_ACT_KILL, /],
  [profile({ defaultAction: 'SCMP_ACT_NOTIFY' }), /^defaultAction is "SCMP_ACT_NOTIFY"/],
  [profile({ syscalls: undefined }), /^syscalls is missing$/],
  [profile({ syscalls: {} }), /^syscalls is no list$/],
  [profile({ syscalls: [1] }), /^syscalls\[0\] is no object$/],
  [profile({ syscalls: [{ action: 'SCMP_ACT_ALLOW' }] }), /^syscalls\[0\].names is missing$/],
  [profile({ syscalls: [rule('read', { names: [] })] }), /^syscalls\[0\].names is empty$/],
  [profile({ syscalls: [rule('read', { names: [7] })] }), /^syscalls\[0\].names\[0\] is no text$/],
  [profile({ syscalls: [rule('read', { action: 'ALLOW' })] }), /^syscalls\[0\].action is "ALLOW"/],
  [
    profile({ syscalls: [rule('read', { includes: { arches: ['vax'] } })] }),
    /^syscalls\[0\].includes.arches\[0\] is 'vax', which is not known$/,
  ],
  [
    profile({ syscalls: [rule('read', { excludes: { caps: ['NET_RAW'] } })] }),
    /^syscalls\[0\].excludes.caps\[0\] is 'NET_RAW', which is no capability$/,
  ],
  [
    profile({ syscalls: [rule('read', { excludes: { caps: ['CAP_toString'] } })] }),
    /is no capability$/,
  ],
  [
    profile({ syscalls: [rule('read', { includes: { minKernel: 'new' } })] }),
    /minKernel is 'new', and not a version/,
  ],
  [
    profile({ syscalls: [rule('read', { args: [{ index: 6, value: 0, op: 'SCMP_CMP_EQ' }] })] }),
    /^syscalls\[0\].args\[0\].index is 6/,
  ],
  [
    profile({ syscalls: [rule('read', { args: [{ index: 0, value: 2 ** 60 }] })] }),
    /^syscalls\[0\].args\[0\].value is 1152921504606847000, and not a number from 0/,
  ],
  [
    profile({ syscalls: [rule('read', { args: [{ index: 0, value: 0, op: 'EQ' }] })] }),
    /^syscalls\[0\].args\[0\].op is "EQ"/,
  ],
  [profile({ archMap: [{}] }), /^archMap\[0\].architecture is undefined/],
  [
    profile({ archMap: [{ architecture: 'SCMP_ARCH_ARM', subArchitectures: ['x'] }] }),
    /^archMap\[0\].subArchitectures\[0\] is "x"/,
  ],
])('the profile %s is refused by the place of its fault', (text, why) => {
  expect(() => parseSeccompProfile(text)).toThrow(why);
});
