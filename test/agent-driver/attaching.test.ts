// Attaching to a container within its bounds, with a real supervisor.
import { expect, test } from 'vitest';
import { Attachments } from '../../src/agent-driver/attaching.ts';
import { containerId, requestId } from '../../src/model/ids.ts';
import type { ContainerOutput } from '../../src/runtime/pending-requests.ts';
import { PIPES, Supervised } from '../containerizer/terminals/supervised.ts';

test('a reader more than there is place for is refused, until another one leaves', async () => {
  const of = await Supervised.open();
  const attachments = new Attachments({ folder: () => of.run });
  const outputs: ContainerOutput[] = [];
  const attach = () =>
    new Promise<number>((resolve) => {
      void attachments.attach(
        {
          type: 'attachContainer',
          request: requestId('r'),
          containerId: containerId('c'),
          to: 'output',
        },
        {
          reply: resolve,
          sendOutput: (output) => {
            outputs.push(output);
            resolve(200);
          },
        },
      );
    });
  const { release } = await of.launch('exec sleep 100', PIPES);
  release();
  const answers = await Promise.all(Array.from({ length: 260 }, attach));
  expect(answers.filter((status) => status === 503)).toHaveLength(5);
  outputs[0]?.close();
  // The place is free when the connection has ended.
  await expect.poll(attach).toBe(200);
  expect(outputs).toHaveLength(256);
  for (const output of outputs) {
    output.close();
  }
  await of.close();
});
