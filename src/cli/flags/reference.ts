// The text of docs/flags.md, made from the tables of flags.

import type { Command } from '../command.ts';
import { referenceSection } from './print.ts';

const INTRODUCTION = `# Flags

This page is generated from the tables of the commands in src/cli by \`npm run docs\`; a test checks that it is current.

Flags are written \`--name=value\`; booleans also \`--name\` and \`--no-name\`. Each can come from the
environment instead (\`MESOS_WORK_DIR\` for \`--work_dir\`); the command line wins, and a variable
that is set to nothing is not set. A value \`file://path\` stands for what is in that file; where JSON or
resources are expected, so does the path alone. Flags that name a file or folder (\`PATH\` in \`--help\`) take a leading \`file://\` off the
name. Unknown flags, bad values, flags that are not supported and required flags that are missing end
the program with a line for each, all at once, and status 1 (2 of master and agent); what is missing, which may be what was
misspelt, is told once the others are right.

The status says how far the feature is there:

- **works**: it does what it says.
- **partial**: it works in some cases; its meaning says in which.
- **accepted**: there is nothing here that it could change; setting it does no harm.
- **planned**: it has no effect yet; setting it puts a warning in the log.
- **refused**: running without its feature would be unsafe or wrong, so setting it is an error.
`;

export function flagReference(commands: readonly Command[]): string {
  const sections = commands.map(({ name, mesosName, flags }) =>
    referenceSection(
      name === mesosName
        ? name
        : `mesoscale ${name}${mesosName === undefined ? '' : ` (${mesosName})`}`,
      flags,
    ),
  );
  return [INTRODUCTION, ...sections].join('\n');
}
