// Whether the description of a framework is valid, and may take the place of an earlier one.

import { frameworkRoles } from '../../model/capabilities.ts';
import type { FrameworkInfo, OfferConstraints } from '../../model/generated/messages.ts';
import { FrameworkInfo_Capability_Type } from '../../model/generated/messages.ts';
import { idError } from '../../model/identifier.ts';
import { roleError } from '../../model/role.ts';
import { frameworkSizeError } from './size.ts';

/** Durations are nanoseconds in 63 bits. */
const MAX_SECONDS = 9_223_372_036.854776;

export function frameworkInfoError(info: FrameworkInfo): string | undefined {
  return (
    rolesError(info) ??
    frameworkIdError(info) ??
    filtersError(info) ??
    timeoutError(info) ??
    frameworkSizeError(info)
  );
}

function rolesError(info: FrameworkInfo): string | undefined {
  const multiRole = (info.capabilities ?? []).some(
    ({ type }) => type === FrameworkInfo_Capability_Type.MULTI_ROLE,
  );
  const roles = info.roles ?? [];
  if (!multiRole) {
    if (roles.length > 0) {
      return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
    }
    const error = roleError(info.role ?? '*');
    return error === undefined ? undefined : `'FrameworkInfo.role' is not a valid role: ${error}`;
  }
  if (info.role !== undefined) {
    return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  }
  const seen = new Set<string>();
  const duplicates = [...new Set(roles.filter((role) => seen.size === seen.add(role).size))];
  if (duplicates.length > 0) {
    return `'FrameworkInfo.roles' contains duplicate items: { ${duplicates.join(', ')} }`;
  }
  for (const role of roles) {
    const error = roleError(role);
    if (error !== undefined) {
      return `'FrameworkInfo.roles' contains invalid role: ${error}`;
    }
  }
  return undefined;
}

function frameworkIdError(info: FrameworkInfo): string | undefined {
  const id = info.id?.value ?? '';
  return id === '' ? undefined : idError(id);
}

function filtersError(info: FrameworkInfo): string | undefined {
  for (const filters of Object.values(info.offer_filters ?? {})) {
    for (const { quantities } of filters.min_allocatable_resources?.quantities ?? []) {
      const entries = Object.entries(quantities ?? {});
      if (entries.length === 0) {
        return 'Resource quantities must contain at least one quantity';
      }
      for (const [name, { value }] of entries) {
        const error = scalarError(value);
        if (error !== undefined) {
          return `Invalid resource quantity for '${name}': ${error}`;
        }
      }
    }
  }
  return undefined;
}

/** Why a number is no amount of a scalar resource. */
export function scalarError(value: number): string | undefined {
  if (Number.isNaN(value)) {
    return 'NaN not supported';
  }
  if (!Number.isFinite(value)) {
    return 'Infinite values not supported';
  }
  return value < 0 ? 'Negative values not supported' : undefined;
}

function timeoutError(info: FrameworkInfo): string | undefined {
  const timeout = info.failover_timeout ?? 0;
  return Math.abs(timeout) <= MAX_SECONDS
    ? undefined
    : `The framework failover_timeout (${cppNumber(timeout)}) is invalid`;
}

/** A number as the C++ stream writes it: `1e+18`. */
const cppNumber = (value: number) => {
  const [digits, exponent] = value.toExponential().split('e');
  return Math.abs(value) >= 1e6 ? `${digits}e${exponent}` : `${value}`;
};

/** Why a subscribed framework cannot become this. */
export function frameworkUpdateError(
  before: FrameworkInfo,
  after: FrameworkInfo,
): string | undefined {
  if (before.principal !== after.principal) {
    return "Changing framework's principal is not allowed.";
  }
  if (before.user !== after.user) {
    return (
      "Updating 'FrameworkInfo.user' is unsupported; attempted to update from" +
      ` '${before.user}' to '${after.user}'`
    );
  }
  const [old, wanted] = [before.checkpoint ?? false, after.checkpoint ?? false];
  return old === wanted
    ? undefined
    : "Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from" +
        ` '${old}' to '${wanted}'`;
}

/** Roles named beside the framework's own must be among those. */
export function roleListsError(
  info: FrameworkInfo,
  suppressed: readonly string[],
  constraints: OfferConstraints | undefined,
): string | undefined {
  const roles = new Set(frameworkRoles(info));
  const foreign = suppressed.filter((role) => !roles.has(role));
  if (foreign.length > 0) {
    return `Suppressed roles { ${foreign.join(', ')} } are not contained in the set of roles`;
  }
  for (const role of Object.keys(constraints?.role_constraints ?? {})) {
    if (!roles.has(role)) {
      return (
        `Offer constraints specify \`role_constraints\` for a role '${role}'not contained in the` +
        ' set of roles'
      );
    }
  }
  return undefined;
}
