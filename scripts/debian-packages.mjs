// The Debian packages that tests need: what each is for, and how to find out whether it is
// installed.

/** Suites of containers with networks of their own. */
const NETWORKS = ['test/containerizer/networks', 'test/e2e/networks'];
/** Masters and their ZooKeeper come and go, on machines that are network namespaces. */
const MASTERS = 'test/e2e/masters';

/**
 * `program`: found on PATH when the package is installed. `suites`: tests that are left out without
 * it. `isForCI`: large, or starts a server of the machine, and installed only under continuous
 * integration; without it a client of test/clients, or the package for arm64, is left out, too.
 */
export const DEBIAN_PACKAGES = [
  {
    name: 'gcc',
    program: 'gcc',
    suites: ['test/containerizer', 'test/executor'],
    why: 'compiles the supervisor of tasks',
  },
  {
    name: 'libc6-dev',
    program: 'cc',
    file: '/usr/include/stdio.h',
    suites: ['test/containerizer', 'test/executor'],
    why: 'headers for the supervisor of tasks',
  },
  { name: 'procps', program: 'ps', suites: ['test/executor'], why: 'looks at processes of tasks' },
  { name: 'unzip', program: 'unzip', suites: ['test/containerizer'], why: 'unpacks fetched files' },
  { name: 'xz-utils', program: 'xz', suites: ['test/containerizer'], why: 'unpacks fetched files' },
  { name: 'bzip2', program: 'bzip2', suites: ['test/containerizer'], why: 'unpacks fetched files' },
  { name: 'zstd', program: 'zstd', suites: ['test/containerizer'], why: 'unpacks fetched files' },
  {
    name: 'openssl',
    program: 'openssl',
    suites: [
      'test/containerizer',
      'test/executor/probes-inside.test.ts',
      'test/http/tls.test.ts',
      'test/e2e/closed.test.ts',
      'test/e2e/tls.test.ts',
      'test/cli/carriers.test.ts',
      'test/cli/secure',
      'test/e2e/secure.test.ts',
      'test/e2e/closed-prometheus.test.ts',
    ],
    why: 'makes certificates',
  },
  {
    name: 'crun',
    program: 'crun',
    suites: [
      'test/agent-driver/linux',
      'test/e2e/documented-containers.test.ts',
      'test/e2e/pod-kills.test.ts',
      ...NETWORKS,
    ],
    why: 'makes containers with namespaces of their own',
  },
  {
    name: 'runc',
    program: 'runc',
    suites: ['test/agent-driver/linux', ...NETWORKS],
    why: 'makes such containers, too',
  },
  {
    name: 'busybox-static',
    program: 'busybox',
    suites: ['test/agent-driver/linux', 'test/e2e/images.test.ts', ...NETWORKS],
    why: 'is what images of tests consist of',
  },
  ...[
    { name: 'systemd', file: '/lib/systemd/systemd', why: 'runs the services of the package' },
    { name: 'patchelf', program: 'patchelf', why: 'lets a package’s Node find its library' },
    { name: 'logrotate', program: 'logrotate', why: 'rotates the logs of these services' },
    { name: 'man-db', program: 'man', why: 'shows the package’s manual pages' },
    { name: 'adduser', program: 'adduser', why: 'makes the user of masters' },
  ].map((entry) => ({ ...entry, suites: ['test/e2e/debian-package.test.ts'] })),
  {
    name: 'groff-base',
    program: 'groff',
    suites: ['test/scripts/man-pages.test.ts'],
    why: 'reads manual pages',
  },
  {
    name: 'docker-registry',
    program: 'docker-registry',
    suites: ['test/containerizer/images/real-registry.test.ts'],
    isForCI: true,
    why: 'is the registry that images are pulled from',
  },
  {
    name: 'skopeo',
    program: 'skopeo',
    suites: ['test/containerizer/images/real-registry.test.ts'],
    why: 'pushes images there, and writes archives of them',
  },
  {
    name: 'umoci',
    program: 'umoci',
    suites: ['test/containerizer/images/real-builder.test.ts'],
    why: 'builds images',
  },
  {
    name: 'linux-perf',
    program: 'perf',
    suites: ['test/agent-driver/perf-event.test.ts'],
    why: 'counts events in containers',
  },
  {
    name: 'iproute2',
    program: 'ip',
    suites: [...NETWORKS, MASTERS, 'test/executor/probes-inside.test.ts'],
    why: 'sets up and looks at the networks of tests',
  },
  {
    name: 'curl',
    program: 'curl',
    suites: ['test/e2e/networks'],
    why: 'asks services in networks of tests',
  },
  {
    name: 'iptables',
    program: 'iptables',
    suites: [...NETWORKS, MASTERS],
    why: 'maps ports of containers, and cuts connections',
  },
  {
    name: 'containernetworking-plugins',
    file: '/usr/lib/cni/bridge',
    suites: NETWORKS,
    why: 'attaches containers to networks',
  },
  {
    name: 'zookeeper',
    file: '/usr/share/java/zookeeper.jar',
    suites: [
      'test/zookeeper',
      'test/coordination/zookeeper',
      'test/e2e/several-masters.test.ts',
      MASTERS,
    ],
    why: 'elects masters, and keeps their registry',
  },
  {
    name: 'python3-kazoo',
    file: '/usr/lib/python3/dist-packages/kazoo/__init__.py',
    suites: ['test/e2e/several-masters.test.ts', MASTERS],
    why: 'finds masters in ZooKeeper, as other programs do',
  },
  {
    name: 'prometheus',
    program: 'promtool',
    suites: ['prometheus', 'closed-prometheus', 'alert-rules'].map(
      (name) => `test/e2e/${name}.test.ts`,
    ),
    isForCI: true,
    why: 'reads metrics, and judges alert rules',
  },
  {
    name: 'zsh',
    program: 'zsh',
    suites: ['test/e2e/operate/completion.test.ts'],
    why: 'completes what is typed',
  },
  {
    name: 'fish',
    program: 'fish',
    suites: ['test/e2e/operate/completion.test.ts'],
    why: 'completes it, too',
  },
  { name: 'wabt', program: 'wasm2c', suites: ['test/embedding'], why: 'turns the core into C' },
  { name: 'python3', program: 'python3', suites: ['test/embedding'], why: 'embeds the core' },
  {
    name: 'chromium',
    program: 'chromium',
    suites: ['test/embedding', 'test/e2e/webui.test.ts'],
    why: 'shows the web page, and runs the core in one',
  },
  ...[
    {
      name: 'gcc-aarch64-linux-gnu',
      program: 'aarch64-linux-gnu-gcc',
      why: 'compiles the supervisor of tasks for arm64',
    },
    {
      name: 'libc6-dev-arm64-cross',
      file: '/usr/aarch64-linux-gnu/include/sys/types.h',
      why: 'has the headers for that',
    },
    { name: 'python3-venv', file: '/usr/share/doc/python3-venv', why: 'runs pymesos' },
    { name: 'python3-dev', program: 'python3-config', why: 'compiles what pymesos needs' },
    { name: 'golang-go', program: 'go', why: 'builds mesos-go' },
    { name: 'default-jdk-headless', program: 'javac', why: 'builds and runs mesos-rxjava' },
    { name: 'maven', program: 'mvn', why: 'brings mesos-rxjava' },
  ].map((entry) => ({ ...entry, suites: [], isForCI: true })),
];
