// Names of the messages between master and agent: as on the wire
// (mesos.internal.RegisterSlaveMessage), and as in this program (RegisterAgentMessage).
import { types } from '../../wire/types.ts';

const names = new Map<string, string>(
  Object.values(types)
    .filter((type) => type.wireName.startsWith('mesos.internal.'))
    .map((type) => [type.wireName, type.name]),
);

/**
 * The name in this program (`RegisterAgentMessage`); a name that the schema lacks is returned
 * unchanged.
 */
export const messageName = (wireName: string) => names.get(wireName) ?? wireName;
