// What a supervisor does about a runtime that does not leave the container's process to it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CLOSED, START, Stage } from './stage.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await Stage.open();
});

afterEach(() => stage.close());

test('nobody waits for an end that a runtime has waited for itself', async () => {
  const start = `${CLOSED}; sh -c "$1" & echo $! > "$2"; wait`;
  expect(await stage.printed('exit 3', [], stage.path(), start)).toBe(
    "The OCI runtime '/bin/sh' has waited for the container's process itself: how it ended is not known",
  );
});

test('a container can be destroyed while a runtime’s process stays above it', async () => {
  const destroyed = 'while kill -0 $$; do sleep 0.01; done; kill -USR1 $PPID';
  const between = `{ sh -c "$1" & echo $! > "$2.made"; mv "$2.made" "$2"; ${destroyed}; wait; } &`;
  const start = `${CLOSED}; ${between} while ! test -e "$2"; do sleep 0.01; done`;
  expect(await stage.printed('exec sleep 1030', [], stage.path(), start)).toBe(
    "The OCI runtime '/bin/sh' was stopped: the container was destroyed",
  );
});

test('a runtime puts files of a moment where all is that it leaves when it is killed', async () => {
  const start = `[ "$_LIBCONTAINER_STATEDIR" = "\${2%/*}" ] && ${START}`;
  expect(await stage.printed('echo here', [], stage.path(), start)).toBe('here\n');
});
