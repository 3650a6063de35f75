import { expect, test } from 'vitest';
import { StandaloneContender } from '../../src/coordination/standalone.ts';
import { findMaster, StaticDetector } from '../../src/coordination/static-detector.ts';

test('a master that stands alone is elected when it contends, and leads to its end', async () => {
  const heard: string[] = [];
  const contender = new StandaloneContender();
  contender.contend(
    { id: 'm', ip: 0, port: 5050 },
    { elected: () => heard.push('elected'), lost: (reason) => heard.push(reason) },
  );
  await contender.withdraw();
  expect(heard).toEqual(['elected']);
});

test('a detector of a given address names that master', () => {
  const heard: unknown[] = [];
  const leader = { pid: 'master@10.0.0.1:5050', hostname: 'one' };
  new StaticDetector(leader).watch((it) => heard.push(it))();
  expect(heard).toEqual([leader]);
});

test('an address of a master is host:port, with 5050 where no port is given', async () => {
  expect(await findMaster(' http://10.0.0.1:6000/ ')).toEqual({ ip: '10.0.0.1', port: 6000 });
  expect(await findMaster('master@10.0.0.1')).toEqual({ ip: '10.0.0.1', port: 5050 });
});

test.each([
  ['10.0.0.1:70000', "--master expects host:port, got '10.0.0.1:70000'"],
  ['a b', "--master expects host:port, got 'a b'"],
  ['zk://a:2181/mesos', '--master=zk://… is not supported yet: give host:port'],
])('%s is refused', async (text, message) => {
  await expect(findMaster(text)).rejects.toMatchObject({
    code: 'MESOSCALE_MASTER_ADDRESS',
    message,
  });
});
