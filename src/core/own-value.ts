/**
 * What a record has for a name that others have given. A role or resource may be called
 * `constructor`, which every object has from its prototype.
 */
export const ownValue = <Value>(
  record: Readonly<Record<string, Value>> | undefined,
  name: string,
): Value | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
