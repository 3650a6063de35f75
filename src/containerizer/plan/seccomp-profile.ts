// Seccomp profiles in the format of docker, as operators have them: read, checked, and resolved for
// one container into the form of the OCI runtime specification. Conditions on the architecture, the
// kernel and the container's capabilities are gone then.
import { CapabilityInfo_Capability as Capability } from '../../model/generated/messages.ts';
import { ContainerizerError } from '../containerizer-error.ts';
import type { CapabilityName } from './capabilities.ts';

export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo: number;
  readonly op: string;
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArgument[];
}

/** As `linux.seccomp` of the OCI runtime specification. */
export interface Seccomp {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

interface Conditions {
  readonly architectures: readonly string[] | undefined;
  readonly capabilities: readonly CapabilityName[];
  /** Of a kernel: the first one that fits. */
  readonly minKernel: KernelVersion | undefined;
}

export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet: number | undefined;
  /** An architecture with those whose programs its kernels run, too. */
  readonly architectures: readonly (readonly [string, ...string[]])[];
  readonly rules: readonly {
    readonly rule: SeccompRule;
    readonly includes: Conditions;
    readonly excludes: Conditions;
  }[];
}

export type KernelVersion = readonly [major: number, minor: number];

/** What a profile's conditions are about. */
export interface SeccompTarget {
  /** The machine's, in the words of seccomp, such as `SCMP_ARCH_X86_64`. */
  readonly architecture: string;
  readonly kernel: KernelVersion;
  /** What the container can ever have; undefined: what the agent has. */
  readonly capabilities: ReadonlySet<CapabilityName> | undefined;
}

const ACTIONS: ReadonlySet<unknown> = new Set([
  'SCMP_ACT_KILL',
  'SCMP_ACT_KILL_PROCESS',
  'SCMP_ACT_KILL_THREAD',
  'SCMP_ACT_TRAP',
  'SCMP_ACT_ERRNO',
  'SCMP_ACT_TRACE',
  'SCMP_ACT_ALLOW',
  'SCMP_ACT_LOG',
]);

const OPERATORS: ReadonlySet<unknown> = new Set([
  'SCMP_CMP_NE',
  'SCMP_CMP_LT',
  'SCMP_CMP_LE',
  'SCMP_CMP_EQ',
  'SCMP_CMP_GE',
  'SCMP_CMP_GT',
  'SCMP_CMP_MASKED_EQ',
]);

/** Names of architectures in conditions, and those of seccomp. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ['x86', 'SCMP_ARCH_X86'],
  ['amd64', 'SCMP_ARCH_X86_64'],
  ['x32', 'SCMP_ARCH_X32'],
  ['arm', 'SCMP_ARCH_ARM'],
  ['arm64', 'SCMP_ARCH_AARCH64'],
  ['mips', 'SCMP_ARCH_MIPS'],
  ['mipsel', 'SCMP_ARCH_MIPSEL'],
  ['mips64', 'SCMP_ARCH_MIPS64'],
  ['mipsel64', 'SCMP_ARCH_MIPSEL64'],
  ['mips64n32', 'SCMP_ARCH_MIPS64N32'],
  ['mipsel64n32', 'SCMP_ARCH_MIPSEL64N32'],
  ['ppc', 'SCMP_ARCH_PPC'],
  ['ppc64le', 'SCMP_ARCH_PPC64LE'],
  ['riscv64', 'SCMP_ARCH_RISCV64'],
  ['loong64', 'SCMP_ARCH_LOONGARCH64'],
  ['s390', 'SCMP_ARCH_S390'],
  ['s390x', 'SCMP_ARCH_S390X'],
]);
const SECCOMP_ARCHITECTURES: ReadonlySet<unknown> = new Set([
  ...ARCHITECTURES.values(),
  'SCMP_ARCH_PPC64',
]);

/** Those of Node's names (`process.arch`) that differ. */
const NODE_ARCHITECTURES: Readonly<Record<string, string>> = { ia32: 'x86', x64: 'amd64' };

/** Undefined for a machine that seccomp does not know. */
export const seccompArchitecture = (nodeArchitecture: string): string | undefined =>
  ARCHITECTURES.get(NODE_ARCHITECTURES[nodeArchitecture] ?? nodeArchitecture);

/** Of the system's text, such as `6.1.0-18-amd64`. */
export const kernelVersion = (release: string): KernelVersion => {
  const [, major = 0, minor = 0] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return [Number(major), Number(minor)];
};

/** The rules of a profile that hold for a container. */
export function seccompFor(profile: SeccompProfile, target: SeccompTarget): Seccomp {
  const { defaultAction, defaultErrnoRet, architectures, rules } = profile;
  const own = architectures.find(([name]) => name === target.architecture);
  return {
    defaultAction,
    ...(defaultErrnoRet !== undefined && { defaultErrnoRet }),
    architectures: own ?? [target.architecture],
    syscalls: rules
      .filter(({ includes, excludes }) => holds(includes, target) && !meets(excludes, target))
      .map(({ rule }) => rule),
  };
}

/** All conditions are met. */
function holds({ architectures, capabilities, minKernel }: Conditions, target: SeccompTarget) {
  return (
    (architectures?.includes(target.architecture) ?? true) &&
    capabilities.every((name) => has(target, name)) &&
    (minKernel === undefined || isAtLeast(target.kernel, minKernel))
  );
}

/** Any condition is met. */
function meets({ architectures, capabilities, minKernel }: Conditions, target: SeccompTarget) {
  return (
    (architectures?.includes(target.architecture) ?? false) ||
    capabilities.some((name) => has(target, name)) ||
    (minKernel !== undefined && isAtLeast(target.kernel, minKernel))
  );
}

const has = ({ capabilities }: SeccompTarget, name: CapabilityName) =>
  capabilities?.has(name) ?? true;

const isAtLeast = ([major, minor]: KernelVersion, [least, leastMinor]: KernelVersion) =>
  major > least || (major === least && minor >= leastMinor);

/** Throws ContainerizerError with the place of the first fault in the text. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ContainerizerError(`it is no JSON: ${(error as Error).message}`);
  }
  const profile = objectAt(json, 'the profile');
  const errno = profile.defaultErrnoRet;
  return {
    defaultAction: oneOf(ACTIONS, profile.defaultAction, 'defaultAction'),
    defaultErrnoRet: errno === undefined ? undefined : numberAt(errno, 'defaultErrnoRet'),
    architectures: architecturesOf(profile),
    rules: listAt(profile.syscalls, 'syscalls').map((it, index) =>
      conditionalRule(objectAt(it, `syscalls[${index}]`), `syscalls[${index}]`),
    ),
  };
}

type Json = Readonly<Record<string, unknown>>;

/** Newer profiles have a map of architectures, and older ones a list for one kind of machine. */
function architecturesOf({ archMap, architectures }: Json): SeccompProfile['architectures'] {
  if (archMap === undefined && architectures !== undefined) {
    const all = listAt(architectures, 'architectures').map((it, index) =>
      oneOf(SECCOMP_ARCHITECTURES, it, `architectures[${index}]`),
    );
    return all.map((one) => [one, ...all.filter((other) => other !== one)]);
  }
  return listAt(archMap ?? [], 'archMap').map((it, index) => {
    const place = `archMap[${index}]`;
    const { architecture, subArchitectures } = objectAt(it, place);
    return [
      oneOf(SECCOMP_ARCHITECTURES, architecture, `${place}.architecture`),
      ...listAt(subArchitectures ?? [], `${place}.subArchitectures`).map((sub, at) =>
        oneOf(SECCOMP_ARCHITECTURES, sub, `${place}.subArchitectures[${at}]`),
      ),
    ];
  });
}

function conditionalRule(item: Json, place: string): SeccompProfile['rules'][number] {
  return {
    rule: ruleOf(item, place),
    includes: conditionsOf(item.includes, `${place}.includes`),
    excludes: conditionsOf(item.excludes, `${place}.excludes`),
  };
}

function ruleOf({ name, names, action, errnoRet, args }: Json, place: string): SeccompRule {
  const all = listAt(names ?? (name === undefined ? undefined : [name]), `${place}.names`);
  if (all.length === 0) {
    throw fault(`${place}.names`, 'is empty');
  }
  const rule = {
    names: all.map((it, index) => textAt(it, `${place}.names[${index}]`)),
    action: oneOf(ACTIONS, action, `${place}.action`),
    ...(errnoRet !== undefined && { errnoRet: numberAt(errnoRet, `${place}.errnoRet`) }),
  };
  const conditions = listAt(args ?? [], `${place}.args`);
  return conditions.length === 0
    ? rule
    : { ...rule, args: conditions.map((it, index) => argumentOf(it, `${place}.args[${index}]`)) };
}

function argumentOf(item: unknown, place: string): SeccompArgument {
  const { index, value, valueTwo = 0, op } = objectAt(item, place);
  const number = numberAt(index, `${place}.index`);
  if (number > 5) {
    throw fault(`${place}.index`, `is ${number}: a system call has six arguments, from 0 on`);
  }
  return {
    index: number,
    value: numberAt(value, `${place}.value`),
    valueTwo: numberAt(valueTwo, `${place}.valueTwo`),
    op: oneOf(OPERATORS, op, `${place}.op`),
  };
}

function conditionsOf(item: unknown, place: string): Conditions {
  const { arches, caps, minKernel } = objectAt(item ?? {}, place);
  return {
    architectures:
      arches === undefined
        ? undefined
        : listAt(arches, `${place}.arches`).map((it, index) => {
            const name = textAt(it, `${place}.arches[${index}]`);
            const known = ARCHITECTURES.get(name);
            if (known === undefined) {
              throw fault(`${place}.arches[${index}]`, `is '${name}', which is not known`);
            }
            return known;
          }),
    capabilities: listAt(caps ?? [], `${place}.caps`).map((it, index) =>
      capabilityAt(it, `${place}.caps[${index}]`),
    ),
    minKernel: minKernel === undefined ? undefined : kernelAt(minKernel, `${place}.minKernel`),
  };
}

function capabilityAt(value: unknown, place: string): CapabilityName {
  const name = textAt(value, place).replace(/^CAP_/, '');
  if (name === value || name === 'UNKNOWN' || !Object.hasOwn(Capability, name)) {
    throw fault(place, `is '${String(value)}', which is no capability`);
  }
  return name as CapabilityName;
}

function kernelAt(value: unknown, place: string): KernelVersion {
  const text = textAt(value, place);
  if (!/^\d+\.\d+$/.test(text)) {
    throw fault(place, `is '${text}', and not a version such as 4.8`);
  }
  return kernelVersion(text);
}

function objectAt(value: unknown, place: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fault(place, 'is no object');
  }
  return value as Json;
}

function listAt(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw fault(place, value === undefined ? 'is missing' : 'is no list');
  }
  return value;
}

function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string' || value === '') {
    throw fault(place, 'is no text');
  }
  return value;
}

/** Larger numbers than JavaScript's are refused rather than rounded. */
function numberAt(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw fault(place, `is ${JSON.stringify(value)}, and not a number from 0 to 2^53 - 1`);
  }
  return value;
}

function oneOf(words: ReadonlySet<unknown>, value: unknown, place: string): string {
  if (typeof value !== 'string' || !words.has(value)) {
    throw fault(place, `is ${JSON.stringify(value)}: expected one of ${[...words].join(', ')}`);
  }
  return value;
}

const fault = (place: string, why: string) => new ContainerizerError(`${place} ${why}`);
