// mesos-resolve: the address of the master that leads.
import { findLeader } from '../command-master.ts';
import { FlagError } from '../flags/faults.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { readMasterFlag } from '../master-flag.ts';
import { clientCarriers } from '../process/carriers.ts';
import type { RESOLVE_FLAGS } from './flags.ts';

export async function runResolve({
  rest,
  values,
}: ParsedFlags<typeof RESOLVE_FLAGS>): Promise<void> {
  const [master] = rest;
  if (master === undefined) {
    throw new FlagError('expected one argument: the master, such as zk://host1:2181/mesos');
  }
  const place = await readMasterFlag(master);
  const carriers = await clientCarriers(values, process.env, { name: 'master', text: master });
  const say = (text: string) => void process.stderr.write(`${text}\n`);
  const { address, close } = await findLeader(place, carriers, say, values.timeout);
  close();
  process.stdout.write(`${address}\n`);
}
