// Checks and health checks of one task, as a pure state machine: when to probe, and what results
// mean.
//
// A check only reports its results; a health check counts consecutive failures and asks for a kill
// when there are too many. Both run independently, each with one probe at a time: delay, probe,
// interval, probe, …
import type { CheckInfo, CheckStatusInfo, HealthCheck } from '../model/generated/messages.ts';
import { CheckInfo_Type, HealthCheck_Type } from '../model/generated/messages.ts';
import { describeWaitStatus, exitCode } from './wait-status.ts';

export type ProbeKind = 'check' | 'health';

/** One probe of the task. Times are in milliseconds; a timeout of 0 means none. */
export interface Probe {
  readonly kind: ProbeKind;
  readonly what: ProbeTarget;
  readonly timeoutMs: number;
}

export type ProbeTarget =
  | { readonly type: 'command'; readonly command: NonNullable<HealthCheck['command']> }
  | { readonly type: 'http'; readonly url: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number };

/**
 * The result of a probe: `failure` means that it could not be carried out, `unknown` that its
 * result was lost, which says nothing about the task.
 */
export type ProbeResult =
  | { readonly type: 'command'; readonly waitStatus: number }
  | { readonly type: 'http'; readonly statusCode: number }
  | { readonly type: 'tcp'; readonly succeeded: boolean }
  | { readonly type: 'failure'; readonly text: string };

export type ProbeOutcome = ProbeResult | { readonly type: 'unknown' };

interface Schedule {
  readonly delayMs: number;
  readonly intervalMs: number;
  readonly probe: Probe;
}

// The schema's defaults, since a message that lacks the field does not have them.
const DEFAULTS = { delaySeconds: 15, intervalSeconds: 10, timeoutSeconds: 20 } as const;
const DEFAULT_CONSECUTIVE_FAILURES = 3;
const DEFAULT_GRACE_SECONDS = 10;
const IPV6 = 2;

function scheduleOf(
  kind: ProbeKind,
  timing: Pick<CheckInfo, 'delay_seconds' | 'interval_seconds' | 'timeout_seconds'>,
  what: ProbeTarget,
): Schedule {
  return {
    delayMs: 1000 * (timing.delay_seconds ?? DEFAULTS.delaySeconds),
    intervalMs: 1000 * (timing.interval_seconds ?? DEFAULTS.intervalSeconds),
    probe: { kind, what, timeoutMs: 1000 * (timing.timeout_seconds ?? DEFAULTS.timeoutSeconds) },
  };
}

/** Undefined for a check with nothing to do; the master refuses those. */
export function scheduleOfCheck(check: CheckInfo): Schedule | undefined {
  const what = targetOfCheck(check);
  return what && scheduleOf('check', check, what);
}

function targetOfCheck(check: CheckInfo): ProbeTarget | undefined {
  switch (check.type) {
    case CheckInfo_Type.COMMAND:
      return check.command && { type: 'command', command: check.command.command };
    case CheckInfo_Type.HTTP:
      return (
        check.http && {
          type: 'http',
          url: `http://127.0.0.1:${check.http.port}${check.http.path ?? ''}`,
        }
      );
    case CheckInfo_Type.TCP:
      return check.tcp && { type: 'tcp', host: '127.0.0.1', port: check.tcp.port };
    default:
      return undefined;
  }
}

export function scheduleOfHealthCheck(check: HealthCheck): Schedule | undefined {
  const what = targetOfHealthCheck(check);
  return what && scheduleOf('health', check, what);
}

/** Health checks of old frameworks have no type: the member that is set implies it. */
function targetOfHealthCheck(check: HealthCheck): ProbeTarget | undefined {
  const { type = HealthCheck_Type.UNKNOWN, command, http, tcp } = check;
  const means = (wanted: HealthCheck_Type) => type === wanted || type === HealthCheck_Type.UNKNOWN;
  if (command !== undefined && means(HealthCheck_Type.COMMAND)) {
    return { type: 'command', command };
  }
  if (http !== undefined && means(HealthCheck_Type.HTTP)) {
    const host = http.protocol === IPV6 ? '[::1]' : '127.0.0.1';
    return {
      type: 'http',
      url: `${http.scheme ?? 'http'}://${host}:${http.port}${http.path ?? ''}`,
    };
  }
  if (tcp !== undefined && means(HealthCheck_Type.TCP)) {
    return { type: 'tcp', host: tcp.protocol === IPV6 ? '::1' : '127.0.0.1', port: tcp.port };
  }
  return undefined;
}

/** The status of a check without result: its type alone. */
export function emptyCheckStatus(check: CheckInfo): CheckStatusInfo {
  const type = check.type ?? CheckInfo_Type.UNKNOWN;
  switch (type) {
    case CheckInfo_Type.COMMAND:
      return { type, command: {} };
    case CheckInfo_Type.HTTP:
      return { type, http: {} };
    case CheckInfo_Type.TCP:
      return { type, tcp: {} };
    case CheckInfo_Type.UNKNOWN:
      return { type };
  }
}

export function checkStatusOf(check: CheckInfo, result: ProbeResult): CheckStatusInfo {
  const empty = emptyCheckStatus(check);
  switch (result.type) {
    case 'command': {
      const code = exitCode(result.waitStatus);
      return code === undefined ? empty : { ...empty, command: { exit_code: code } };
    }
    case 'http':
      return { ...empty, http: { status_code: result.statusCode } };
    case 'tcp':
      return { ...empty, tcp: { succeeded: result.succeeded } };
    case 'failure':
      return empty;
  }
}

export function sameCheckStatus(one: CheckStatusInfo, other: CheckStatusInfo): boolean {
  return (
    one.command?.exit_code === other.command?.exit_code &&
    one.http?.status_code === other.http?.status_code &&
    one.tcp?.succeeded === other.tcp?.succeeded
  );
}

/** Why a result means that the task is unhealthy; undefined where it is healthy. */
function illness(result: ProbeResult): string | undefined {
  switch (result.type) {
    case 'command':
      return result.waitStatus === 0
        ? undefined
        : `Command ${describeWaitStatus(result.waitStatus)}`;
    case 'http':
      return result.statusCode >= 200 && result.statusCode < 400
        ? undefined
        : `Unexpected HTTP response code: ${result.statusCode}`;
    case 'tcp':
      return result.succeeded ? undefined : 'TCP connection failed';
    case 'failure':
      return result.text;
  }
}

export interface HealthState {
  readonly check: HealthCheck;
  readonly startedMs: number;
  /** No probe has succeeded yet: failures within the grace period do not count. */
  initializing: boolean;
  failures: number;
}

export interface HealthChange {
  readonly healthy: boolean;
  readonly kill: boolean;
}

/** Applies a result; returns the health to report to the framework, if it has to be. */
export function judge(
  state: HealthState,
  result: ProbeResult,
  nowMs: number,
): HealthChange | undefined {
  if (illness(result) === undefined) {
    const news = state.initializing || state.failures > 0;
    state.initializing = false;
    state.failures = 0;
    return news ? { healthy: true, kill: false } : undefined;
  }
  const graceMs = 1000 * (state.check.grace_period_seconds ?? DEFAULT_GRACE_SECONDS);
  if (state.initializing && graceMs > 0 && nowMs - state.startedMs <= graceMs) {
    return undefined;
  }
  state.failures += 1;
  const allowed = state.check.consecutive_failures ?? DEFAULT_CONSECUTIVE_FAILURES;
  return { healthy: false, kill: state.failures >= allowed };
}
