// Writes the pages of docs/ that are made from the code.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagReference } from '../src/cli/flags/reference.ts';

writeFileSync(join(import.meta.dirname, '..', 'docs', 'flags.md'), flagReference());
