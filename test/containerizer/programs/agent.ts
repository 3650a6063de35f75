// An agent that runs a shell script and prints what that has printed. Its words: whether the script
// is `bound` to end with the agent, or `free` to go on, and the script.
import { ProgramStarter } from '../../../src/containerizer/programs/program-starter.ts';

const [, , kind, script = ''] = process.argv;
const starter = new ProgramStarter();
const end = await starter.run(
  {
    program: '/bin/sh',
    words: ['-c', script],
    environment: {},
    input: '',
    mostBytes: 4096,
    patience: { longestMs: 60_000, unwantedMs: 0, endMs: 1_000 },
    endsWithAgent: kind === 'bound',
  },
  new AbortController().signal,
);
console.log(String(end.stdout));
