// Mesos's own plugin for ports of the machine, mesos-cni-port-mapper: its configuration is that of
// a chain, of the plugin that it delegates to and of the standard plugin portmap.
import { type Fields, fieldsOf, textOf, textsOf } from '../../images/formats/fields.ts';

export const PORT_MAPPER = 'mesos-cni-port-mapper';
export const PORT_MAPPINGS = 'portMappings';

/** Throws FormatError. `remarks` gets what portmap has in other ways. */
export function expandedPortMapper(fields: Fields, remarks: string[]): Fields[] {
  const delegate = fieldsOf(fields.delegate, 'delegate');
  const chain = textOf(fields.chain, 'chain');
  const excluded = textsOf(fields.excludeDevices, 'excludeDevices');
  remarks.push(
    `Ports are mapped by the plugin portmap, in chains of its own instead of '${chain}' (chain)`,
  );
  if (excluded.length > 1) {
    remarks.push(`Of excludeDevices the last one counts, as in Mesos: '${excluded.at(-1)}'`);
  }
  return [
    // Only the whole has what is for each container.
    { ...delegate, ...(fields.args !== undefined && { args: fields.args }) },
    {
      type: 'portmap',
      capabilities: { [PORT_MAPPINGS]: true },
      ...conditionsOf(excluded.at(-1)),
    },
  ];
}

/** Options of iptables, which takes one device in a rule. Packets from it are not redirected. */
function conditionsOf(device: string | undefined): Fields {
  const conditions = ['!', '-i', device];
  return device === undefined ? {} : { conditionsV4: conditions, conditionsV6: conditions };
}
