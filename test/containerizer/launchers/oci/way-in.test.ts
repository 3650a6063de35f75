// How far a runtime, which is root, is led towards a working directory.
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wayInto } from '../../../../src/containerizer/launchers/oci/way-in.ts';
import { containerId } from '../../../../src/model/ids.ts';
import { temporaryFolder } from '../../../agent-driver/harness.ts';

test('as far as the folders are the agent’s own', () => {
  using folder = temporaryFolder();
  const root = join(folder.path, 'root');
  const one = join(root, 'containers', 'one');
  const two = join(one, 'containers', 'two');
  mkdirSync(two, { recursive: true });
  const ids = ['root', 'root.one', 'root.one.two'].map(containerId);
  const ways = () => [root, one, two].map((path, at) => wayInto(ids[at] ?? containerId(''), path));
  expect(ways()).toEqual([root, one, two].map((entered) => ({ entered, below: '' })));
  if (process.geteuid?.() === 0) {
    chownSync(one, 65534, 65534);
    expect(ways()[2]).toEqual({ entered: one, below: 'containers/two' });
    chownSync(root, 65534, 65534);
    expect(ways()).toEqual([
      { entered: root, below: '' },
      { entered: root, below: 'containers/one' },
      { entered: root, below: 'containers/one/containers/two' },
    ]);
  }
});
