// The folders of pure tests, which read no clock, start no process and open no socket.
// test/house/projects.test.ts checks that.
export const PURE_FOLDERS = [
  ...['agent', 'core', 'differential', 'house', 'master', 'model', 'scenario'],
  ...['security', 'simulation', 'webui', 'wire'],
];

/** Tests that start masters, agents and commands as a user does, or programs of other languages. */
export const PROGRAM_FOLDERS = ['clients', 'e2e', 'embedding'];

/** That everything is on where it shall be; nowhere else is it run. */
export const CLOSED_TEST = 'test/e2e/closed.test.ts';

/**
 * With everything on (closed-cluster.ts), tests of whole programs pass as they do without: these in
 * each run, and all of test/e2e but for those below with MESOSCALE_TEST_CLOSED=true
 * (`npm run test:closed`).
 */
export const CLOSED_SLICE = [
  CLOSED_TEST,
  ...['restarts', 'operate/task-sessions'].map((name) => `test/e2e/${name}.test.ts`),
];

/** Tests that are not run so. */
const NEVER_CLOSED: Readonly<Record<string, string>> = {
  authentication: 'its subject: agents that authenticate, and others',
  'closed-prometheus': 'its subject: a closed cluster of its own',
  'debian-package': 'its subject: services as a package installs them, in a machine of their own',
  'documented-containers': '`mesoscale local` starts a cluster that is open',
  'executor-tokens': 'its subject: tokens of executors',
  local: '`mesoscale local` starts a cluster that is open',
  'local-masters': '`mesoscale local` starts a cluster that is open',
  'networks/documented': '`mesoscale local` starts a cluster that is open',
  'operate/agents': 'its subject: operators with credentials of their own',
  'operate/denied': 'its subject: operators with credentials of their own',
  'operate/frameworks': 'its subject: operators with credentials of their own',
  'operate/maintenance': 'its subject: operators with credentials of their own',
  'operate/completion': 'names of a cluster that is open',
  'operate/reservations': 'its subject: operators with credentials of their own',
  'operate/roles': 'its subject: operators with credentials of their own',
  'operate/task-files': 'its subject: operators with credentials of their own',
  'planted-secrets': 'its subject: secrets of its own, and who is told of them',
  'operate/watching': 'figures, which who runs the other tests may not see',
  prometheus: 'a Prometheus that has no certificate',
  relay: 'its subject: an agent with lists and credentials of its own',
  secure: 'its subject: what `mesoscale secure` makes',
  tls: 'its subject: TLS, and clients without it',
  webui: 'a browser that has no certificate',
  'webui-actions': 'a browser that has no certificate',
  'webui-limits': 'a browser that has no certificate',
  'webui-tls': 'its subject: certificates, and browsers without one',
  'webui-views': 'a browser that has no certificate',
};

export const CLOSED_LEFT_OUT = Object.keys(NEVER_CLOSED).map((name) => `test/e2e/${name}.test.ts`);

export const isPureTest = (path: string): boolean =>
  PURE_FOLDERS.includes(/^test\/([^/]+)\//.exec(path)?.[1] ?? '');
