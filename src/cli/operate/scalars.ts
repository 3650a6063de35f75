// Amounts of scalar resources as operators write them: `cpus:4;mem:1024`.
import { errorText } from '../../model/error-text.ts';
import type { Value_Scalar } from '../../model/generated/messages.ts';
import { parseResources } from '../../model/resource-text.ts';
import { FlagError } from '../flags/faults.ts';

/** By name. `where`: what holds the text, for errors. Throws FlagError. */
export function scalarsIn(text: string, where: string): Record<string, Value_Scalar> {
  const wrong = (why: string) =>
    new FlagError(`${where} expects amounts such as cpus:4;mem:1024, got '${text}'${why}`);
  let resources: ReturnType<typeof parseResources>;
  try {
    resources = parseResources(text);
  } catch (error) {
    throw wrong(` (${errorText(error)})`);
  }
  const scalars: Record<string, Value_Scalar> = {};
  for (const { name, scalar, reservations } of resources) {
    if (scalar === undefined) {
      throw wrong(`: ${name} is no number`);
    }
    if (reservations !== undefined) {
      throw wrong(`: ${name} has a role`);
    }
    if (Object.hasOwn(scalars, name)) {
      throw wrong(`: ${name} is there twice`);
    }
    scalars[name] = scalar;
  }
  if (resources.length === 0) {
    throw wrong('');
  }
  return scalars;
}
