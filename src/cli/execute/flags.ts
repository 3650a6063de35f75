// The flags of `mesoscale execute`, under the names of mesos-execute.
import { choice, duration, json, list, resources, role, text, toggle } from '../flags/flag.ts';
import { CONTEXT_FLAG } from '../operate/connection/flags.ts';
import { TLS_FLAGS } from '../process/tls-flags.ts';

export const EXECUTE_FLAGS = {
  ...TLS_FLAGS,
  appc_image: text({
    help: 'The App Container image to run the command in, for this machine’s architecture; else as --docker_image.',
  }),
  bounding_capabilities: json({
    help: 'The most Linux capabilities the command can get, as JSON. Agents without the isolator linux/capabilities refuse the task.',
  }),
  checkpoint: toggle({
    default: false,
    help: 'Let the task survive a restart of its agent.',
  }),
  command: text({ help: 'The command to run.' }),
  containerizer: choice(['mesos', 'docker'])({
    default: 'mesos',
    help: 'The type of the container: MESOS, or with docker one of type DOCKER, which needs --docker_image and an agent with --containerizers=docker.',
  }),
  content_type: choice(['protobuf', 'json'])({
    default: 'protobuf',
    help: 'How messages to the master are written.',
  }),
  context: CONTEXT_FLAG,
  docker_image: text({
    help: 'The Docker image to run the command in. Without --command, what the image says is run, with the arguments if there are any. Agents without --image_providers refuse the task, unless --containerizer=docker.',
  }),
  effective_capabilities: json({
    help: 'Linux capabilities of the command, as JSON, such as {"capabilities": ["NET_RAW"]}. Agents without the isolator linux/capabilities refuse the task.',
  }),
  env: json({ help: 'Environment of the command, as a JSON object or the path of one.' }),
  framework_capabilities: list({
    help: 'Capabilities of the framework besides RESERVATION_REFINEMENT and TASK_KILLING_STATE, such as GPU_RESOURCES.',
  }),
  hadoop: text({
    default: 'hadoop',
    status: 'accepted',
    help: 'The hadoop program, for --package.',
  }),
  hdfs: text({
    default: 'localhost:9000',
    status: 'accepted',
    help: 'Address of the HDFS name node, for --package.',
  }),
  help: toggle({ default: false, help: 'Show this text and exit.' }),
  kill_after: duration({ help: 'Kill the task after this time.' }),
  master: text({
    default: '127.0.0.1:5050',
    placeholder: 'HOST:PORT',
    secret: true,
    help: 'Where the master is: host:port, or zk://host1:port1,host2:port2/path, or file:///path of a file that says so.',
  }),
  name: text({ help: 'A name for the command. Required with --command.' }),
  networks: list({
    help: 'The networks that the container joins, by name and separated by commas: eth0, eth1 and so on. One of type DOCKER joins one. With --task_group, those of the executor. Agents that know no such network refuse the task.',
  }),
  overwrite: toggle({
    default: false,
    status: 'accepted',
    help: 'Replace the --package in HDFS if it is there.',
  }),
  package: text({ status: 'refused', help: 'A file to put into HDFS for the command.' }),
  partition_aware: toggle({
    default: true,
    help: 'Be told when the agent is out of reach, instead of losing the task.',
  }),
  principal: text({ help: 'The principal of the framework.' }),
  resources: resources({
    default: 'cpus:1;mem:128',
    help: 'What the command needs, as for an agent.',
  }),
  rlimits: json({
    help: 'Resource limits (setrlimit) of the command, as JSON. Agents without the isolator posix/rlimits refuse the task.',
  }),
  role: role({ default: '*', help: 'The role to take resources from.' }),
  secret: text({ secret: true, help: 'The secret that goes with --principal.' }),
  shell: toggle({
    default: true,
    help: 'Run the command by /bin/sh -c; without, as a program and its arguments.',
  }),
  task: json({ help: 'A TaskInfo as JSON, or the path of one, instead of --command.' }),
  task_group: json({
    help: 'A TaskGroupInfo as JSON, or the path of one, instead of --command: tasks that run side by side in one executor.',
  }),
  tty: toggle({ default: false, help: 'Give the command a terminal.' }),
  version: toggle({ default: false, help: 'Show the version and exit.' }),
  volumes: json({
    help: 'Volumes of the command, as a JSON list, such as [{"mode": "RO", "container_path": "/data", "source": {"type": "HOST_PATH", "host_path": {"path": "/srv/data"}}}]. Agents without the isolator for a volume refuse the task.',
  }),
} as const;
