// What is asked of a process that a task's user may change at will.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { processStat } from '../../../../src/containerizer/host/process-table.ts';
import { environmentOf } from '../../../../src/containerizer/launchers/process/running-command.ts';

/** Says of so many bytes that they are its environment (PR_SET_MM_MAP of prctl(2)), and waits. */
const PRETENDING = `
import ctypes, mmap, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
no_reserve = 0x4000
flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | no_reserve
memory = mmap.mmap(-1, int(sys.argv[1]), flags=flags)
memory.write(b'A=1\\0B=2\\0')
begin = ctypes.addressof(ctypes.c_char.from_buffer(memory))
fields = open('/proc/self/stat').read().rsplit(')', 1)[1].split()
at = lambda number: int(fields[number - 3])
libc.sbrk.restype = ctypes.c_void_p
layout = struct.pack('11Q', at(26), at(27), at(45), at(46), at(47), libc.sbrk(0), at(28),
                     at(48), at(49), begin, begin + len(memory)) + struct.pack('QIi', 0, 0, -1)
if libc.prctl(35, 14, layout, len(layout), 0) != 0:
    sys.exit('prctl: %d' % ctypes.get_errno())
print('ready', flush=True)
time.sleep(60)
`;

async function environmentOfPretending(bytes: number): Promise<Record<string, string>> {
  const child: ChildProcess = spawn('python3', ['-c', PRETENDING, String(bytes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [text] = child.stdout === null ? [] : await once(child.stdout, 'data');
    expect(String(text)).toMatch(/^ready/);
    const found = processStat(child.pid ?? 0);
    return environmentOf({ pid: child.pid ?? 0, startTicks: found?.startTicks ?? 0 });
  } finally {
    child.kill('SIGKILL');
  }
}

test('an environment that no command can have had is none', async () => {
  expect(await environmentOfPretending(4096)).toEqual({ A: '1', B: '2' });
  expect(await environmentOfPretending(32 * 1024 * 1024)).toEqual({});
});
