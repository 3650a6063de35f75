// The resources that an operation works on, for operations of every type.
import type { Offer_Operation, Operation, Resource } from './generated/messages.ts';

/** The resources that an operation other than a launch names. */
export function operationResources(operation: Offer_Operation): Resource[] {
  const named: (readonly Resource[] | Resource | undefined)[] = [
    operation.reserve?.source,
    operation.reserve?.resources,
    operation.unreserve?.resources,
    operation.create?.volumes,
    operation.destroy?.volumes,
    operation.grow_volume?.volume,
    operation.grow_volume?.addition,
    operation.shrink_volume?.volume,
    operation.create_disk?.source,
    operation.destroy_disk?.source,
  ];
  return named.flatMap((some) => some ?? []);
}

/** The same, and what an operation that is known to have ended has made of them. */
export const resourcesOfKnown = ({ info, latest_status, statuses = [] }: Operation): Resource[] => [
  ...operationResources(info),
  ...[latest_status, ...statuses].flatMap((status) => status?.converted_resources ?? []),
];
