// Where the page is that comes with this master: in a checkout in the folder of builds, and in a
// published package beside the commands.
import { join } from 'node:path';

const fromHere = import.meta.url.endsWith('.ts')
  ? ['..', '..', '..', 'build', 'webui']
  : ['..', '..', 'webui'];

export const pageFolder = join(import.meta.dirname, ...fromHere);
