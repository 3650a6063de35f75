// `mesoscale task attach`: takes over the terminal of a task.
import { AgentCall_Type } from '../../../model/generated/messages.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import type { TASK_ATTACH_FLAGS } from './flags.ts';
import { noInput, placeOfTask, show } from './session.ts';
import { keepAlive, passInput } from './terminal-input.ts';

export async function attach({ words, values }: Asked<typeof TASK_ATTACH_FLAGS>): Promise<void> {
  const [text = ''] = words;
  const { agent, container, hasTerminal } = await placeOfTask(text, values);
  const type = AgentCall_Type.ATTACH_CONTAINER_OUTPUT;
  const attach_container_output = { container_id: container };
  const output = await agent.output({ type, attach_container_output }).catch(withoutTerminal);
  const left = Promise.withResolvers<'left'>();
  let restore = () => {};
  if (values.stdin) {
    const sender = agent.input(container, noInput);
    const stopBeating = keepAlive(sender);
    const giveBack = passInput({
      sender,
      isTerminal: hasTerminal,
      onDetach: () => left.resolve('left'),
    });
    restore = () => {
      stopBeating();
      giveBack();
    };
  }
  try {
    const end = await Promise.race([show(output), left.promise]);
    if (end === 'left') {
      // The connection for output is still open.
      process.stderr.write('\nthe task goes on\n');
      process.exit(EXIT.done);
    }
  } finally {
    restore();
  }
}

/** Agents name the part of them that would have it. */
function withoutTerminal(error: unknown): never {
  throw error instanceof CommandError && error.message.includes('switchboard')
    ? new CommandError(
        EXIT.failed,
        'the task has no terminal to attach to (tty_info): see `mesoscale task logs`, or use `mesoscale task exec`',
      )
    : error;
}
