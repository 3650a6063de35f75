// `mesoscale completion`: prints what a shell needs. What it then asks, by `mesoscale complete`,
// answer.ts answers.
import { script } from '@bomb.sh/tab';
import { CommandError, EXIT } from '../outcome.ts';
import { BASH_SCRIPT } from './bash.ts';
import { ZSH_SCRIPT } from './zsh.ts';

export function printScript(shell: string): void {
  switch (shell) {
    case 'bash':
      process.stdout.write(BASH_SCRIPT);
      return;
    case 'zsh':
      process.stdout.write(ZSH_SCRIPT);
      return;
    case 'fish':
      script(shell, 'mesoscale', 'mesoscale');
      return;
    default:
      throw new CommandError(EXIT.usage, `expected bash, zsh or fish, got '${shell}'`);
  }
}
