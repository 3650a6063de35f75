// The images of the agent that is killed: some share layers, and each layer has files enough that
// unpacking one takes a while.
import { archiveOf } from '../archives.ts';
import { ImageShelf } from '../image-shelf.ts';

const layer = (name: string) =>
  archiveOf(
    ...Array.from({ length: 150 }, (_, at) => ({
      name: `${name}/${at % 7}/${at}`,
      content: `${name} ${at}\n`.repeat(at),
    })),
  );

/** By name; what is in a layer is told by the layer's name. */
export const LAYERS: ReadonlyMap<string, Buffer> = new Map(
  ['one', 'two', 'three', 'four'].map((name) => [name, layer(name)]),
);

const CONTENT: Readonly<Record<string, readonly string[]>> = {
  a: ['one', 'two'],
  b: ['one', 'three', 'four'],
  c: ['two', 'four'],
};

export const IMAGES: readonly string[] = Object.keys(CONTENT);

export function filledShelf(): ImageShelf {
  const shelf = new ImageShelf();
  for (const [name, layers] of Object.entries(CONTENT)) {
    shelf.put(
      `${name}:latest`,
      layers.flatMap((it) => LAYERS.get(it) ?? []),
    );
  }
  return shelf;
}
