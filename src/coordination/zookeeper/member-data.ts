// What a candidate writes into its znode, and what others read there. Detectors of other programs
// read it too, so that it is to the byte what Apache Mesos writes.
import { errorText } from '../../model/error-text.ts';
import type { MasterInfo } from '../../model/generated/messages.ts';
import { ipFamily } from '../../model/ip-address.ts';
import type { LeadingMaster } from '../../model/leading-master.ts';
import { parsePid } from '../../model/pid.ts';
import { jsonValue, readJson } from '../../wire/json.ts';
import { quote } from '../../wire/json-text.ts';
import { decodeBoundedMessage } from '../../wire/protobuf.ts';
import { types } from '../../wire/types.ts';
import type { Member } from './member.ts';

/** What is in a znode names no master. */
export class MemberDataError extends Error {
  readonly code = 'MESOSCALE_MEMBER_DATA';
}

/** A MasterInfo has some hundred bytes. What has more than this is not read. */
const MAX_DATA_BYTES = 64 * 1024;
/** The longest host name (RFC 1035) has fewer. */
const MAX_HOSTNAME_CHARACTERS = 255;
/** How much an error shows of why the data cannot be read. */
const MAX_REASON_CHARACTERS = 200;

/** JSON with the keys of each object in the order of the alphabet, and without blanks. */
export const memberData = (info: MasterInfo): Buffer =>
  Buffer.from(sortedJson(jsonValue(types.MasterInfo, info)));

function sortedJson(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map(sortedJson).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${quote(key)}:${sortedJson(item)}`).join(',')}}`;
  }
  return typeof value === 'string' ? quote(value) : JSON.stringify(value);
}

/** The master that the data of a candidate names. Throws MemberDataError. */
export function leaderIn(data: Uint8Array, format: Member['format']): LeadingMaster {
  if (data.length > MAX_DATA_BYTES) {
    throw new MemberDataError(`has ${data.length} bytes, of at most ${MAX_DATA_BYTES}`);
  }
  const { pid = '', hostname } = infoIn(data, format);
  const at = parsePid(pid);
  if (at?.id !== 'master' || ipFamily(at.host) === undefined) {
    const found = pid === '' ? 'no pid' : `the pid '${pid.slice(0, MAX_REASON_CHARACTERS)}'`;
    throw new MemberDataError(`has ${found}, where master@ip:port is expected`);
  }
  if (hostname !== undefined && hostname.length > MAX_HOSTNAME_CHARACTERS) {
    throw new MemberDataError(`has a host name of ${hostname.length} characters`);
  }
  return { pid, hostname };
}

function infoIn(data: Uint8Array, format: Member['format']): MasterInfo {
  try {
    return format === 'json'
      ? readJson(types.MasterInfo, Buffer.from(data).toString())
      : decodeBoundedMessage(types.MasterInfo, data);
  } catch (error) {
    const why = errorText(error).slice(0, MAX_REASON_CHARACTERS);
    throw new MemberDataError(`has no MasterInfo: ${why}`, { cause: error });
  }
}
