// Writes the pages of docs/ that are generated from code.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allCommands } from '../src/cli/commands.ts';
import { flagReference } from '../src/cli/flags/reference.ts';

const page = join(import.meta.dirname, '..', 'docs', 'flags.md');
writeFileSync(page, flagReference(await allCommands()));
