// The text of docs/flags.md, made from the tables of flags.

import { referenceSection } from './print.ts';
import { AGENT_FLAGS } from './tables/agent-flags.ts';
import { BATCH_FLAGS } from './tables/batch-flags.ts';
import { EXECUTE_FLAGS } from './tables/execute-flags.ts';
import { LOCAL_FLAGS } from './tables/local-flags.ts';
import { MASTER_FLAGS } from './tables/master-flags.ts';

const INTRODUCTION = `# Flags

This page is generated from the tables in src/cli/flags by \`npm run docs\`; a test checks that it is current.

Flags are written \`--name=value\`; booleans also \`--name\` and \`--no-name\`. Each can come from the
environment instead (\`MESOS_WORK_DIR\` for \`--work_dir\`); the command line wins, and a variable
that is set to nothing is not set. A value \`file://path\` stands for what is in that file; where JSON or
resources are expected, so does the path alone. Flags that name a file or folder (\`PATH\` in \`--help\`) take a leading \`file://\` off the
name. Unknown flags, bad values, flags that are not supported and required flags that are missing end
the program with a line for each, all at once, and status 1; what is missing, which may be what was
misspelt, is told once the others are right.

The status says how far the feature is there:

- **works**: it does what it says.
- **partial**: it works in some cases; its meaning says in which.
- **accepted**: there is nothing here that it could change; setting it does no harm.
- **planned**: it has no effect yet; setting it puts a warning in the log.
- **refused**: running without its feature would be unsafe or wrong, so setting it is an error.
`;

export function flagReference(): string {
  return [
    INTRODUCTION,
    referenceSection('mesoscale master (mesos-master)', MASTER_FLAGS),
    referenceSection('mesoscale agent (mesos-agent)', AGENT_FLAGS),
    referenceSection('mesoscale local', LOCAL_FLAGS),
    referenceSection('mesoscale execute (mesos-execute)', EXECUTE_FLAGS),
    referenceSection('mesoscale batch', BATCH_FLAGS),
  ].join('\n');
}
