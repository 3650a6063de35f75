// Bounds of one ACCEPT: its operations are all taken in one step.
import type {
  Offer_Operation,
  Resource,
  SchedulerCall_Accept,
} from '../../model/generated/messages.ts';
import { tasksOf } from '../operations/normalization.ts';
import type { Framework } from '../state.ts';
import {
  countError,
  MAX_AGENT_RESOURCES,
  MAX_ANSWERED,
  MAX_CONVERSIONS,
  MAX_CONVERTED,
  MAX_LAUNCHED,
} from './count.ts';
import { launchSizeError } from './size.ts';

export function acceptError(
  accept: SchedulerCall_Accept,
  framework: Framework,
): string | undefined {
  const operations = accept.operations ?? [];
  const tooMany =
    countError("'accept.offer_ids'", accept.offer_ids?.length ?? 0, MAX_ANSWERED) ??
    countError("'accept.operations'", operations.length, MAX_LAUNCHED);
  if (tooMany !== undefined) {
    return tooMany;
  }
  let tasks = 0;
  let messages = 0;
  let conversions = 0;
  let resources = 0;
  for (const operation of operations) {
    const launched = tasksOf(operation);
    if (launched === undefined) {
      conversions++;
      resources += convertedOf(operation)?.length ?? 1;
    } else {
      tasks += launched.length;
      messages += operation.launch === undefined ? 1 : launched.length;
    }
  }
  return (
    countError("The list of tasks in 'accept.operations'", tasks, MAX_LAUNCHED) ??
    launchSizeError(framework, messages) ??
    countError(
      "The list of reservations and volumes in 'accept.operations'",
      conversions,
      MAX_CONVERSIONS,
    ) ??
    countError("The list of resources of those in 'accept.operations'", resources, MAX_CONVERTED)
  );
}

/**
 * Why an agent cannot have what an operation makes, beside the `count` different reservations and
 * volumes that it has.
 */
export function distinctError(count: number, operation: Offer_Operation): string | undefined {
  const { reserve, create } = operation;
  const more = reserve?.resources?.length ?? create?.volumes?.length ?? 0;
  return more > 0 && count + more > MAX_AGENT_RESOURCES
    ? `The agent would have more than ${MAX_AGENT_RESOURCES} reservations, volumes and other resources`
    : undefined;
}

const convertedOf = ({
  reserve,
  unreserve,
  create,
  destroy,
}: Offer_Operation): readonly Resource[] | undefined =>
  reserve?.resources ?? unreserve?.resources ?? create?.volumes ?? destroy?.volumes;
