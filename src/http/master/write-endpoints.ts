// The unversioned endpoints of a master that change something (/reserve, /quota, /weights …). Each
// is an older form of a call of the operator API, and becomes that call: the state machine knows no
// other.
import {
  type MachineID,
  type MasterCall,
  MasterCall_Type,
  type Resource,
  type WeightInfo,
} from '../../model/generated/messages.ts';
import { readJsonValue } from '../../wire/json.ts';
import { parseBoundedJson } from '../../wire/json-text.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { WireError } from '../../wire/protobuf.ts';
import { types } from '../../wire/types.ts';
import { textOf } from '../server/call-codec.ts';
import { badRequest, formFieldInvalid, formFieldMissing } from '../server/error-responses.ts';
import type { HttpResponse } from '../server/response.ts';
import { parseQuery } from '../server/router.ts';

/** Turns the body of a request into a call, or a refusal. */
export type Form = (body: Uint8Array, path: string) => MasterCall | HttpResponse;

const WRONG_JSON = 'Unexpected JSON type parsed';

export const reserve: Form = (body) =>
  resourcesForm(body, 'resources', 'Error parsing', (agent_id, resources) => ({
    type: MasterCall_Type.RESERVE_RESOURCES,
    reserve_resources: { agent_id, resources },
  }));

export const unreserve: Form = (body) =>
  resourcesForm(body, 'resources', 'Error parsing', (agent_id, resources) => ({
    type: MasterCall_Type.UNRESERVE_RESOURCES,
    unreserve_resources: { agent_id, resources },
  }));

export const createVolumes: Form = (body) =>
  resourcesForm(body, 'volumes', 'Error in parsing', (agent_id, volumes) => ({
    type: MasterCall_Type.CREATE_VOLUMES,
    create_volumes: { agent_id, volumes },
  }));

export const destroyVolumes: Form = (body) =>
  resourcesForm(body, 'volumes', 'Error in parsing', (agent_id, volumes) => ({
    type: MasterCall_Type.DESTROY_VOLUMES,
    destroy_volumes: { agent_id, volumes },
  }));

export const teardown: Form = (body) => {
  const { frameworkId } = parseQuery(textOf(body));
  return frameworkId === undefined
    ? formFieldMissing('frameworkId')
    : {
        type: MasterCall_Type.TEARDOWN,
        teardown: { framework_id: { value: frameworkId } },
      };
};

export const updateWeights: Form = (body) => {
  const prefix = 'Failed to parse update weights request JSON';
  const weights = list<WeightInfo>(textOf(body), types.WeightInfo);
  return 'fault' in weights
    ? badRequest(`${prefix}: ${weights.fault}`)
    : {
        type: MasterCall_Type.UPDATE_WEIGHTS,
        update_weights: { weight_infos: weights.items },
      };
};

export const setQuota: Form = (body) => {
  const text = textOf(body);
  const value = parsed(text);
  if ('fault' in value) {
    return badRequest(`Failed to parse set quota request JSON '${text}': ${value.fault}`);
  }
  if (Array.isArray(value.json)) {
    return badRequest(`Failed to parse set quota request JSON '${text}': ${WRONG_JSON}`);
  }
  const request = read(types.QuotaRequest, value.json);
  return 'fault' in request
    ? badRequest(`Failed to validate set quota request JSON '${text}': ${request.fault}`)
    : { type: MasterCall_Type.SET_QUOTA, set_quota: { quota_request: request.message } };
};

export const removeQuota: Form = (_body, path) => {
  const segments = path.split('/').filter((segment) => segment !== '');
  const role = segments[segments.indexOf('quota') + 1];
  if (role === undefined) {
    return badRequest(
      `Failed to parse request path '${path}': 2 tokens ('quota', 'role') required`,
    );
  }
  return {
    type: MasterCall_Type.REMOVE_QUOTA,
    remove_quota: { role: decodeURIComponent(role) },
  };
};

const ofMachines =
  (call: (machines: MachineID[]) => MasterCall): Form =>
  (body) => {
    const machines = list<MachineID>(textOf(body), types.MachineID);
    return 'fault' in machines ? badRequest(machines.fault) : call(machines.items);
  };

export const machineDown = ofMachines((machines) => ({
  type: MasterCall_Type.START_MAINTENANCE,
  start_maintenance: { machines },
}));

export const machineUp = ofMachines((machines) => ({
  type: MasterCall_Type.STOP_MAINTENANCE,
  stop_maintenance: { machines },
}));

export const updateSchedule: Form = (body) => {
  const value = parsed(textOf(body));
  if ('fault' in value) {
    return badRequest(value.fault);
  }
  if (Array.isArray(value.json)) {
    return badRequest(WRONG_JSON);
  }
  const schedule = read(types.Schedule, value.json);
  return 'fault' in schedule
    ? badRequest(schedule.fault)
    : {
        type: MasterCall_Type.UPDATE_MAINTENANCE_SCHEDULE,
        update_maintenance_schedule: { schedule: schedule.message },
      };
};

function resourcesForm(
  body: Uint8Array,
  field: 'resources' | 'volumes',
  verb: string,
  make: (agentId: { value: string }, resources: Resource[]) => MasterCall,
): MasterCall | HttpResponse {
  const form = parseQuery(textOf(body));
  const { slaveId } = form;
  if (slaveId === undefined) {
    return formFieldMissing('slaveId');
  }
  const text = form[field];
  if (text === undefined) {
    return formFieldMissing(field);
  }
  const resources = list<Resource>(text, types.Resource);
  return 'fault' in resources
    ? formFieldInvalid(verb, field, resources.fault)
    : make({ value: slaveId }, resources.items);
}

interface Fault {
  readonly fault: string;
}

function parsed(text: string): { readonly json: unknown } | Fault {
  return attempt(() => ({ json: parseBoundedJson(text) }));
}

function read<T>(type: MessageType<T>, json: unknown): { readonly message: T } | Fault {
  return attempt(() => ({ message: readJsonValue(type, json) }));
}

/** Reads a JSON array of messages. */
function list<T>(text: string, type: MessageType<T>): { readonly items: T[] } | Fault {
  const value = parsed(text);
  if ('fault' in value) {
    return value;
  }
  const { json } = value;
  return Array.isArray(json)
    ? attempt(() => ({ items: json.map((item) => readJsonValue(type, item)) }))
    : { fault: WRONG_JSON };
}

function attempt<T>(take: () => T): T | Fault {
  try {
    return take();
  } catch (error) {
    if (error instanceof WireError) {
      return { fault: error.message };
    }
    throw error;
  }
}
