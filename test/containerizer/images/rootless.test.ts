// Images of an agent that is not root: files are its own, and closed to nobody who is root in a
// user namespace of its.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../agent-driver/harness.ts';

const script = fileURLToPath(new URL('./rootless-provisioner.ts', import.meta.url));
const uid = 1;
const isRoot = process.geteuid?.() === 0;
const hasUsers =
  isRoot && spawnSync('unshare', ['-Ur', 'true'], { uid, gid: uid, stdio: 'ignore' }).status === 0;

const SEEN = [
  'closed/file 0 4',
  'closed/more 644 0',
  'kept/in/new/file 644 0',
  'null 0 0',
  'opaque/high 644 0',
  '',
  'closed 555',
  'kept 500',
  'kept/in 11',
  'kept/in/new 755',
  'never 0',
  'opaque 755',
  '',
].join('\n');

test.runIf(hasUsers).each(['overlay', 'copy'])(
  'who is not root has the files of an image (%s), and gets rid of them',
  (backend) => {
    using folder = temporaryFolder();
    const own = join(folder.path, 'own');
    mkdirSync(join(own, 'target'), { recursive: true });
    chownSync(own, uid, uid);
    chownSync(join(own, 'target'), uid, uid);
    const { stdout, stderr } = spawnSync(process.execPath, [script, own, backend], {
      uid,
      gid: uid,
      encoding: 'utf8',
    });
    expect({ stdout, stderr }).toEqual({ stdout: SEEN, stderr: '' });
  },
);
