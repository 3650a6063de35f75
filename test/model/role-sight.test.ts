// What a viewer sees of objects that name roles and resources which are hidden from it. The schema
// is walked, so that no field with resources or roles can be added that is shown to everybody.
import { describe, expect, test } from 'vitest';
import type { Resource, Task } from '../../src/model/generated/messages.ts';
import { Value_Type } from '../../src/model/generated/messages.ts';
import {
  shownConstraints,
  shownExecutor,
  shownFramework,
  shownInverseOffer,
  shownOffer,
  shownProvider,
  shownStatus,
  shownTask,
} from '../../src/model/role-sight.ts';
import { types } from '../../src/wire/types.ts';
import { resources } from '../master/harness.ts';
import { type AnyType, type Filling, filledMessage } from '../support/filled-message.ts';

const AMOUNT = 777;
/** Maps whose keys are roles. */
const BY_ROLE = new Set(['offer_filters', 'role_constraints']);
const HIDDEN = 'hidden';

/** A resource that is allocated to the role and, but for an allocation alone, reserved for it. */
const ofRole = (role: string, name = 'cpus'): Resource => ({
  name,
  type: Value_Type.SCALAR,
  scalar: { value: AMOUNT },
  allocation_info: { role },
});

const hidden: Filling = {
  message: (type) => {
    switch (type) {
      case types.Resource as AnyType:
        return ofRole(HIDDEN);
      case types.Value_Scalar as AnyType:
        return { value: AMOUNT };
      case types.Attribute as AnyType:
        return { name: 'a', type: Value_Type.SCALAR, scalar: { value: 1 } };
      default:
        return undefined;
    }
  },
  text: ({ name }) => (/roles?$/.test(name) ? HIDDEN : undefined),
  key: ({ name }) => (name === 'limits' ? 'cpus' : BY_ROLE.has(name) ? HIDDEN : undefined),
};

const sees = (role: string) => role !== HIDDEN;

describe('nothing is left of a hidden role', () => {
  const shown: Record<string, (message: never, sight: typeof sees) => unknown> = {
    Task: shownTask,
    TaskStatus: shownStatus,
    ExecutorInfo: shownExecutor,
    FrameworkInfo: shownFramework,
    Offer: shownOffer,
    InverseOffer: shownInverseOffer,
    OfferConstraints: shownConstraints,
    ResourceProviderInfo: shownProvider,
  };
  const text = (it: unknown) =>
    JSON.stringify(it, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)) ?? '';

  test.each(Object.entries(shown))('in a %s', (name, show) => {
    const message = filledMessage(types[name as 'Task'] as AnyType, hidden) as never;
    expect(text(message)).toMatch(/hidden/);
    expect(text(show(message, sees))).not.toMatch(/hidden|777/);
    expect(show(message, () => true)).toEqual(message);
  });
});

test('of every field with resources or roles it is known what hides it', () => {
  const found: string[] = [];
  const walked = new Set<AnyType>();
  const walk = (type: AnyType) => {
    if (walked.has(type)) {
      return;
    }
    walked.add(type);
    for (const { name, value, rule } of type.fields) {
      const below = 'message' in value ? value.message() : undefined;
      const isAmount = below === (types.Value_Scalar as AnyType) && rule === 'map';
      const isRole = below === undefined && /roles?$/.test(name);
      if (below === (types.Resource as AnyType) || isAmount || isRole) {
        found.push(`${type.name}.${name}`);
      } else if (below !== undefined) {
        walk(below);
      }
    }
  };
  for (const root of [types.MasterResponse, types.MasterEvent, types.AgentResponse]) {
    walk(root as AnyType);
  }
  expect(new Set(found)).toEqual(new Set(Object.values(HIDDEN_BY).flat()));
});

/** By what hides them. */
const HIDDEN_BY = {
  shownTask: ['Task.resources', 'Task.limits', 'TaskResourceLimitation.resources'],
  shownExecutor: ['ExecutorInfo.resources'],
  shownFramework: [
    'FrameworkInfo.role',
    'FrameworkInfo.roles',
    'OfferFilters_ResourceQuantities.quantities',
  ],
  shownOffer: ['Offer.resources'],
  // Those of an offer and of resources, which are hidden as a whole.
  allocation: ['Resource_AllocationInfo.role', 'Resource_ReservationInfo.role'],
  shownInverseOffer: ['InverseOffer.resources'],
  'the view of offers': [
    'MasterResponse_GetOffers_OutstandingOffer.resources',
    'MasterResponse_GetOffers_OutstandingOffer.role',
  ],
  'the view of shares': [
    'Shares.more_roles',
    'Shares_RoleShare.role',
    'Shares_FrameworkShare.role',
    'Shares_FrameworkShare.allocated',
    'Shares_FrameworkShare.offered',
  ],
  shownExplanation: ['OfferExplanation_QuotaUse.role', 'OfferExplanation_RoleReasons.role'],
  shownForecast: [
    'Forecast_FrameworkOutlook.allocated',
    'Forecast_FrameworkOutlook.offered',
    'Forecast_FrameworkOutlook.role',
    'Forecast_RoleOutlook.allocated',
    'Forecast_RoleOutlook.guarantees',
    'Forecast_RoleOutlook.limits',
    'Forecast_RoleOutlook.offered',
    'Forecast_RoleOutlook.role',
    'Forecast_UnmetGuarantee.role',
  ],
  // Those of all roles together: shown to who may view all of these, or the metrics.
  'sums of the cluster': [
    'Forecast_Outlook.allocated',
    'Forecast_Outlook.capacity',
    'Forecast_Outlook.offered',
  ],
  shownProvider: ['CSIPluginContainerInfo.resources'],
  'views of agents and frameworks': [
    'MasterResponse_GetFrameworks_Framework.suppressed_roles',
    'AgentInfo.resources',
    'MasterResponse_GetAgents_Agent.total_resources',
    'MasterResponse_GetAgents_Agent.allocated_resources',
    'MasterResponse_GetAgents_Agent.offered_resources',
    'MasterResponse_GetAgents_Agent_ResourceProvider.total_resources',
    'MasterResponse_GetFrameworks_Framework.allocated_resources',
    'MasterResponse_GetFrameworks_Framework.offered_resources',
  ],
  // An operation is shown to who sees the roles of all that it is about.
  resourcesOfKnown: [
    'Offer_Operation_Reserve.source',
    'Offer_Operation_Reserve.resources',
    'Offer_Operation_Unreserve.resources',
    'Offer_Operation_Create.volumes',
    'Offer_Operation_Destroy.volumes',
    'Offer_Operation_GrowVolume.volume',
    'Offer_Operation_GrowVolume.addition',
    'Offer_Operation_ShrinkVolume.volume',
    'Offer_Operation_CreateDisk.source',
    'Offer_Operation_DestroyDisk.source',
    'OperationStatus.converted_resources',
  ],
  // One object a role: it is shown as a whole, or not at all.
  'views of roles': [
    'Role.resources',
    'WeightInfo.role',
    'QuotaInfo.role',
    'QuotaInfo.guarantee',
    'QuotaConfig.role',
    'QuotaConfig.guarantees',
    'QuotaConfig.limits',
  ],
  // Operations that launch are over when they are answered, and are never listed.
  nobody: ['TaskInfo.resources', 'TaskInfo.limits'],
  // Agents of Mesoscale have no resource providers.
  none: ['AgentResponse_GetResourceProviders_ResourceProvider.total_resources'],
};

describe('limits', () => {
  const task = (more: Partial<Task>): Task => ({
    name: 't',
    task_id: { value: 't' },
    framework_id: { value: 'f' },
    agent_id: { value: 'a' },
    state: 1,
    limits: { cpus: { value: 2 }, mem: { value: 64 } },
    ...more,
  });

  test('are shown of those resources that are seen whole', () => {
    const mixed = [...resources('cpus:1'), ofRole(HIDDEN), ofRole('seen', 'mem')];
    expect(shownTask(task({ resources: mixed }), sees).limits).toEqual({ mem: { value: 64 } });
    const apart = [ofRole(HIDDEN)];
    expect(shownTask(task({ resources: apart }), sees)).not.toHaveProperty('limits');
  });

  test('stay where nothing is hidden, and the task is the same object', () => {
    const whole = task({ resources: resources('cpus:1') });
    expect(shownTask(whole, sees)).toBe(whole);
    const bare = task({});
    expect(shownTask(bare, sees)).toBe(bare);
  });
});
