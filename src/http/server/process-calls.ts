// Operator calls that master and agent answer in the same way, without a step of the state machine.
import { formatDuration } from '../../model/duration.ts';
import type {
  FileInfo,
  Flag,
  MasterCall,
  Metric,
  VersionInfo,
} from '../../model/generated/messages.ts';
import { forbidden } from './error-responses.ts';
import type { ProcessEndpoints } from './process-endpoints.ts';
import { type HttpResponse, OK } from './response.ts';
import type { EndpointRequest } from './router.ts';

/** The request's principal and origin, and whether its client is still there. */
export type Caller = Pick<EndpointRequest, 'principal' | 'origin' | 'isGone'>;

/** The caller, and the name of its call or the path of its endpoint. */
export type Asking = Caller & { readonly call: string };

/** The fields of these calls, which are the same on master and agent. */
export type ProcessCall = Pick<
  MasterCall,
  'get_metrics' | 'set_logging_level' | 'list_files' | 'read_file'
>;

/** The fields of their responses, which are the same on master and agent. */
export interface ProcessResponse {
  readonly get_health?: { readonly healthy: boolean };
  readonly get_flags?: { readonly flags: Flag[] };
  readonly get_version?: { readonly version_info: VersionInfo };
  readonly get_metrics?: { readonly metrics: Metric[] };
  readonly get_logging_level?: { readonly level: number };
  readonly list_files?: { readonly file_infos?: FileInfo[] };
  readonly read_file?: { readonly size: number; readonly data: Uint8Array };
}

export type ProcessResult =
  | { readonly response: ProcessResponse }
  | { readonly answer: HttpResponse };

/** Undefined where the call is none of these. */
export function processCall(
  endpoints: ProcessEndpoints,
  name: string,
  call: ProcessCall,
  caller: Caller,
): ProcessResult | Promise<ProcessResult> | undefined {
  const asking = { ...caller, call: name };
  switch (name) {
    case 'GET_HEALTH':
      return { response: { get_health: { healthy: true } } };
    case 'GET_FLAGS':
      return endpoints.maySeeFlags(asking)
        ? { response: { get_flags: { flags: endpoints.flagList() } } }
        : { answer: forbidden() };
    case 'GET_VERSION':
      return { response: { get_version: { version_info: endpoints.version } } };
    case 'GET_METRICS':
      return endpoints.mayUse(asking, '/metrics/snapshot')
        ? endpoints.metricList().then((metrics) => ({ response: { get_metrics: { metrics } } }))
        : { answer: forbidden() };
    case 'GET_LOGGING_LEVEL':
      return endpoints.mayUse(asking, '/logging/toggle')
        ? { response: { get_logging_level: { level: endpoints.loggingLevel } } }
        : { answer: forbidden() };
    case 'SET_LOGGING_LEVEL':
      return setLoggingLevel(endpoints, call, asking);
    case 'LIST_FILES':
      return listFiles(endpoints, call, asking);
    case 'READ_FILE':
      return readFile(endpoints, call, asking);
    default:
      return undefined;
  }
}

function setLoggingLevel(
  endpoints: ProcessEndpoints,
  call: ProcessCall,
  asking: Asking,
): ProcessResult {
  const { level = 0, duration } = call.set_logging_level ?? {};
  const durationMs = Number(duration?.nanoseconds ?? 0n) / 1e6;
  if (!endpoints.maySetLoggingLevel(asking, String(level), formatDuration(durationMs))) {
    return { answer: forbidden() };
  }
  endpoints.setLoggingLevel(level, durationMs);
  return { answer: OK };
}

async function listFiles(
  endpoints: ProcessEndpoints,
  call: ProcessCall,
  asking: Asking,
): Promise<ProcessResult> {
  const result = await endpoints.listFiles(asking, call.list_files?.path ?? '');
  return 'refusal' in result
    ? { answer: result.refusal }
    : // Where there is nothing to list there is no list either.
      { response: { list_files: result.value.length > 0 ? { file_infos: result.value } : {} } };
}

async function readFile(
  endpoints: ProcessEndpoints,
  call: ProcessCall,
  asking: Asking,
): Promise<ProcessResult> {
  const { path = '', offset = 0, length } = call.read_file ?? {};
  const result = await endpoints.readFile(asking, path, offset, length);
  return 'refusal' in result
    ? { answer: result.refusal }
    : { response: { read_file: result.value } };
}
