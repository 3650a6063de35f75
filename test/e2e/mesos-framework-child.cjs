// A scheduler on the npm client `mesos-framework`, as its documentation has it: launches one task, says
// how it goes, and ends. It is a program of its own, because that is how such schedulers run.
const { Scheduler, Mesos } = require('mesos-framework');

const [, , port, folder] = process.argv;
const { CommandInfo } = Mesos.getMesos();

const scheduler = new Scheduler({
  masterUrl: '127.0.0.1',
  port: Number(port),
  user: require('node:os').userInfo().username,
  frameworkName: 'unmodified client',
  logging: { path: folder, fileName: 'mesos-framework.log', level: 'debug' },
  tasks: {
    greeting: {
      priority: 1,
      instances: 1,
      commandInfo: new CommandInfo(
        null,
        null,
        true,
        'echo hello from a client; exit 0',
        null,
        null,
      ),
      resources: { cpus: 0.1, mem: 32, ports: 0, disk: 0 },
    },
  },
});

scheduler.on('ready', () => scheduler.subscribe());
scheduler.on('subscribed', ({ frameworkId }) => process.send({ subscribed: frameworkId }));
scheduler.on('update', ({ status }) => process.send({ update: status.state }));
scheduler.on('error', (error) => process.send({ error: String(error?.message ?? error) }));
process.on('message', () => {
  scheduler.teardown();
  setTimeout(() => process.exit(0), 500);
});
