// `mesoscale completion`: lets shells complete what is typed after `mesoscale`.
import { type Noun, verb } from '../verb.ts';

const completion = verb({
  summary: 'print what lets a shell complete commands, flags and names',
  explanation:
    'Commands, verbs, flags and their values are completed, and tasks, agents, frameworks, roles ' +
    'and contexts, which the master of the command line (or of the context) is asked for; where ' +
    'it takes longer than a second, nothing is offered. Names with characters that mean something ' +
    'to a shell are left out: who has named a task shall not run anything here.',
  parameters: [{ name: 'SHELL', help: 'bash, zsh or fish.', completes: 'shell' }],
  flags: {},
  examples: [
    {
      line: 'completion bash > ~/.local/share/bash-completion/completions/mesoscale',
      says: 'for bash with its package bash-completion; or source <(mesoscale completion bash) in ~/.bashrc',
    },
    {
      line: 'completion zsh > /usr/local/share/zsh/site-functions/_mesoscale',
      says: 'for zsh, which needs compinit; or source <(mesoscale completion zsh) in ~/.zshrc',
    },
    { line: 'completion fish > ~/.config/fish/completions/mesoscale.fish', says: 'for fish' },
  ],
  run: async ({ words }) => (await import('./scripts.ts')).printScript(words[0] ?? ''),
});

export const NOUN: Noun = {
  name: 'completion',
  summary: 'print what lets bash, zsh or fish complete commands and names',
  verbs: [completion],
};
