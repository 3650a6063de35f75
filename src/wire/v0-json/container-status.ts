// The status of a container as unversioned endpoints show it.
import type { ContainerStatus } from '../../model/generated/messages.ts';
import type { MessageJson } from './writing.ts';

interface Labelled {
  readonly labels?: { readonly labels?: readonly unknown[] };
}

/** Without the executor's pid; labels of networks are a bare list. */
export function containerStatusJson(message: MessageJson, status: ContainerStatus): unknown {
  const { executor_pid: _, ...shown } = status;
  const { network_infos, ...json } = message('ContainerStatus', shown) as {
    network_infos?: readonly Labelled[];
  };
  return network_infos === undefined
    ? json
    : {
        ...json,
        network_infos: network_infos.map(({ labels, ...network }) =>
          labels === undefined ? network : { ...network, labels: labels.labels ?? [] },
        ),
      };
}
