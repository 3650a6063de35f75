// A framework's executor that ends its task well as soon as it gets it. It speaks to its agent as
// its environment says: by a Unix socket or the port, there with TLS where it is on, and with a
// token where it has one.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LITTLE } from './cluster.ts';

const PROGRAM = `
const { readFileSync } = require('node:fs');
const env = process.env;
const isEncrypted = env.LIBPROCESS_SSL_ENABLED === 'true' && !env.MESOS_DOMAIN_SOCKET;
const { request } = require(isEncrypted ? 'node:https' : 'node:http');
const [host, port] = env.MESOS_AGENT_ENDPOINT.split(':');
const file = (name) => readFileSync(env['LIBPROCESS_SSL_' + name + '_FILE']);
const place = {
  ...(env.MESOS_DOMAIN_SOCKET ? { socketPath: env.MESOS_DOMAIN_SOCKET } : { host, port }),
  ...(isEncrypted ? { ca: file('CA'), cert: file('CERT'), key: file('KEY') } : {}),
};
const token = env.MESOS_EXECUTOR_AUTHENTICATION_TOKEN;
const ids = { framework_id: { value: env.MESOS_FRAMEWORK_ID }, executor_id: { value: env.MESOS_EXECUTOR_ID } };
function call(body, status, taken) {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  if (token) headers.authorization = 'Bearer ' + token;
  request({ ...place, path: '/api/v1/executor', method: 'POST', headers }, (answer) => {
    if (answer.statusCode !== status) {
      console.error(body.type, answer.statusCode);
      process.exitCode = 1;
    }
    answer.setEncoding('utf8').on('data', answer.statusCode === status ? taken : console.error);
  }).end(JSON.stringify({ ...ids, ...body }));
}
let events = '';
call({ type: 'SUBSCRIBE', subscribe: {} }, 200, (text) => {
  events += text;
  const launched = /"task_id":(\\{"value":"[^"]*"\\})/.exec(events);
  if (events.includes('"ACKNOWLEDGED"')) {
    process.exit(0);
  } else if (launched) {
    const uuid = Buffer.from('0123456789abcdef').toString('base64');
    const task_id = JSON.parse(launched[1]);
    const status = { task_id, state: 'TASK_FINISHED', source: 'SOURCE_EXECUTOR', uuid };
    events = '';
    call({ type: 'UPDATE', update: { status } }, 202, () => {});
  }
});
`;

/** A task of such an executor; both have this name. The program is put into the folder. */
export function finishingTask(folder: string, name: string) {
  const script = join(folder, 'finishing-executor.cjs');
  writeFileSync(script, PROGRAM);
  const command = { shell: false, value: process.execPath, arguments: ['node', script] };
  const executor = { executor_id: { value: name }, command, resources: LITTLE };
  return { name, task_id: { value: name }, agent_id: { value: '' }, resources: LITTLE, executor };
}
