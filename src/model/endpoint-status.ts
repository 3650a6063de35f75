// The status of a container as the unversioned endpoints show it.

interface Labelled {
  readonly labels?: { readonly labels?: readonly unknown[] };
}

/** From the JSON of a ContainerStatus: labels of networks are a bare list there. */
export function endpointContainerStatus(json: unknown): unknown {
  const { network_infos, ...rest } = json as { network_infos?: readonly Labelled[] };
  return network_infos === undefined
    ? rest
    : {
        ...rest,
        network_infos: network_infos.map(({ labels, ...network }) =>
          labels === undefined ? network : { ...network, labels: labels.labels ?? [] },
        ),
      };
}
