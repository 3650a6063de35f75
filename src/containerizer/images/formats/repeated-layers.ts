// An image may name the same layer twice. Pure.

/**
 * Each layer once, in the higher place, where it has all that it says; and the kernel mounts none
 * twice. `contentOf` tells layers apart; the lowest layer comes first.
 */
export function withoutRepeated<Layer>(
  layers: readonly Layer[],
  contentOf: (layer: Layer) => string,
): readonly Layer[] {
  const highest = new Map(layers.map((layer, at) => [contentOf(layer), at]));
  return layers.filter((layer, at) => highest.get(contentOf(layer)) === at);
}
