// The folders of pure tests, which read no clock, start no process and open no socket.
// test/house/projects.test.ts checks that.
export const PURE_FOLDERS = [
  ...['agent', 'core', 'differential', 'house', 'master', 'model', 'scenario'],
  ...['security', 'simulation', 'wire'],
];

/** Tests that start masters, agents and commands as a user does, or programs of other languages. */
export const PROGRAM_FOLDERS = ['clients', 'e2e', 'embedding'];

export const isPureTest = (path: string): boolean =>
  PURE_FOLDERS.includes(/^test\/([^/]+)\//.exec(path)?.[1] ?? '');
