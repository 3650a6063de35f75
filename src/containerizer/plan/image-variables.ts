// The variables that an image brings, by their names.
import type { ImageConfig } from '../images/image.ts';

export const imageVariables = ({ environment }: ImageConfig): Record<string, string> =>
  Object.fromEntries(
    environment.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
