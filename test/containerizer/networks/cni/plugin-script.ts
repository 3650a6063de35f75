// Plugins of a test's own.
import { writeFileSync } from 'node:fs';

/** A plugin that is a shell script. */
export const pluginAt = (path: string, script: string): void =>
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
