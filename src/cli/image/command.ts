// `mesoscale image`: its description; main.ts runs it.
import { command } from '../command.ts';
import { IMAGE_FLAGS } from './flags.ts';

export const COMMAND = command({
  name: 'image',
  summary: 'see, bring or remove the images of an agent',
  usage:
    'mesoscale image list|pull|prune …\n\n' +
    'Works with the images that an agent with --image_providers keeps for containers.\n\n' +
    'image list shows what there is, with the size of its files, and what is being pulled.\n\n' +
    'image pull [--no-cached] NAME brings a Docker image before a task needs it, and waits for it; ' +
    'whoever leaves gives it up.\n\n' +
    'image prune [--exclude=NAME,…] removes what no container uses, but for those that are named.',
  flags: IMAGE_FLAGS,
  maxArguments: 2,
  run: async (parsed) => (await import('./main.ts')).runImage(parsed),
});
