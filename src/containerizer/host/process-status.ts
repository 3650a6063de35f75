// What the kernel shows of a process in its file `status`.
import { type CapabilityName, namesIn } from '../plan/capabilities.ts';

/** A field of that text, such as `NoNewPrivs`. */
export const statusField = (status: string, name: string): string | undefined =>
  new RegExp(`^${name}:\\s*(\\w+)`, 'm').exec(status)?.[1];

/** What is in a field of capabilities, such as `CapBnd`; nothing where the system does not tell. */
export const capabilitiesIn = (status: string, name: string): ReadonlySet<CapabilityName> =>
  namesIn(BigInt(`0x${statusField(status, name) ?? '0'}`));
