// `mesoscale framework teardown`.
import { MasterCall_Type } from '../../../model/generated/messages.ts';
import { counted } from '../../counted.ts';
import { foundOrAwaited } from '../connection/awaited.ts';
import { Cluster } from '../connection/cluster.ts';
import { frameworkId, frameworkNamed, frameworksOf, tasksOf } from '../connection/things.ts';
import { performEach } from '../deeds.ts';
import { CommandError, EXIT } from '../outcome.ts';
import type { Asked } from '../verb.ts';
import type { FRAMEWORK_TEARDOWN_FLAGS } from './flags.ts';
import { stateOf } from './list.ts';

export async function tearDown({
  words,
  values,
}: Asked<typeof FRAMEWORK_TEARDOWN_FLAGS>): Promise<void> {
  const cluster = await Cluster.of(values);
  const known = await frameworksOf(cluster);
  const named = await foundOrAwaited(cluster, () =>
    words.map((word) => frameworkNamed(known, word)),
  );
  const meant = [...new Set(named)];
  const ended = meant.find((framework) => stateOf(framework) === 'completed');
  if (ended !== undefined) {
    throw new CommandError(EXIT.notFound, `framework ${frameworkId(ended)} has ended before`);
  }
  const ids = new Set(meant.map(frameworkId));
  const ends = (await tasksOf(cluster)).filter(({ framework_id }) => ids.has(framework_id.value));
  const names = meant.map(
    (framework) => `framework ${frameworkId(framework)} (${framework.framework_info.name})`,
  );
  const who = names.length === 1 ? names[0] : counted(names.length, 'framework');
  await performEach(
    cluster,
    {
      consequence: `Ends ${who} for good, and ${counted(ends.length, 'task')} with it.`,
      steps: meant.map((framework, at) => ({
        subject: names[at] ?? '',
        call: {
          type: MasterCall_Type.TEARDOWN,
          teardown: { framework_id: { value: frameworkId(framework) } },
        },
        done: `${names[at]} is torn down`,
      })),
    },
    values,
  );
}
