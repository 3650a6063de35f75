// `mesoscale agent`: reads the flags, looks at the machine, and connects state machine, core, port
// and driver. It decides nothing.
import { join } from 'node:path';
import { createAgent, step } from '../../agent/agent.ts';
import type { AgentEffect } from '../../agent/effects.ts';
import type { AgentEvent } from '../../agent/events.ts';
import type { AgentTimer } from '../../agent/timers.ts';
import { createViews } from '../../agent/views/views.ts';
import { AgentDriver } from '../../agent-driver/driver.ts';
import { joinAsAgent } from '../../containerizer/cgroups/hierarchies.ts';
import { lookAtHost } from '../../containerizer/host/host.ts';
import { controllersUsed } from '../../containerizer/isolators/names.ts';
import type { ContainerizerName } from '../../containerizer/plan/container-info.ts';
import { Turns } from '../../containerizer/turns.ts';
import { createCore } from '../../core/core.ts';
import type { ExecutorStream } from '../../http/agent/executor-api.ts';
import { AgentServer } from '../../http/agent/server.ts';
import type { Auditor } from '../../http/server/auditor.ts';
import { joinedFiles } from '../../http/server/files.ts';
import type { EarlyPort } from '../../http/transport/listener.ts';
import { steadyClock } from '../../runtime/clock.ts';
import { EventLoop } from '../../runtime/event-loop.ts';
import { loadCore } from '../../runtime/load-core.ts';
import { PendingRequests, StreamRegistry } from '../../runtime/pending-requests.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { openDetector } from '../master-flag.ts';
import { openAuditLog } from '../process/audit-log.ts';
import { expectLeader } from '../process/carriers.ts';
import { onUnregister } from '../process/early-signals.ts';
import { type Performers, performEffect } from '../process/performers.ts';
import { ServerProcess } from '../process/server-process.ts';
import { shownJson } from '../process/shown-json.ts';
import type { AGENT_FLAGS } from './flags.ts';
import { openImages } from './image-parts.ts';
import { launcherOf } from './options.ts';
import { agentSettings } from './settings.ts';
import { agentTrail } from './task-trail.ts';

const NAME = 'agent';
/** How long Mesos's command executor waits for its last update to leave. */
const COMMAND_EXECUTOR_LINGER_MS = 1_000;
/** Mesos's agent looks at least that often whether its default executor has ended. */
const DEFAULT_EXECUTOR_LINGER_MS = 250;

export async function runAgent(
  parsed: ParsedFlags<typeof AGENT_FLAGS>,
  early: EarlyPort | undefined,
): Promise<void> {
  const { values } = parsed;
  const [settings, module] = await Promise.all([agentSettings(parsed), loadCore()]);
  const { address, master, options, authentication, carriers, accessFiles, warnings } = settings;
  const { capabilities, isolators, containerLogger, fetching, volumeGids } = settings;
  const { workDir } = options;
  const containerizers = values.containerizers as ContainerizerName[];
  const noted = { ...parsed, warnings: [...parsed.warnings, ...warnings] };
  const own = new ServerProcess<AgentTimer>(NAME, noted, (timer, nowMs) =>
    loop.dispatch({ type: 'timer', nowMs, timer }),
  );
  const { logger, shutdown } = own;
  const detector = await openDetector(master, {
    sessionTimeoutMs: values.zk_session_timeout,
    log: (level, text) => logger.write(level, text),
  });
  const requests = new PendingRequests<ExecutorStream>();
  const streams = new StreamRegistry<ExecutorStream>((stream) =>
    loop.dispatch({ type: 'streamClosed', nowMs: steadyClock.nowMs(), stream }),
  );
  const cgroupPlace = { hierarchy: values.cgroups_hierarchy, root: values.cgroups_root };
  joinAsAgent(cgroupPlace, values.agent_subsystems ?? []);
  // In a checkout, and in a published package.
  const programs = [
    join(import.meta.dirname, '..', '..', '..', 'build'),
    join(import.meta.dirname, '..', '..'),
  ];
  const images =
    settings.images &&
    (await openImages(settings.images, {
      workDir,
      programs,
      fetching,
      warn: (text) => logger.warn(text),
    }));
  const audit = await openAuditLog(values.audit_log, {
    authorizer: options.authorizer,
    carriers,
    at: '/slave/audit',
    logger,
    shutdown,
  });
  const decide: Auditor['decide'] = (asking, action, told) =>
    audit?.auditor.decide(asking, action, told) ??
    options.authorizer.authorize(asking.principal, action, told?.object);
  const driver = await AgentDriver.open({
    requests,
    streams,
    workDirectory: workDir,
    programs,
    images,
    networks: settings.networks,
    secrets: settings.secrets,
    ip: address.ip,
    resources: options.resources,
    host: lookAtHost({
      cgroups: { ...cgroupPlace, controllers: controllersUsed(options.isolation, containerizers) },
    }),
    launcher: launcherOf(values),
    containerizers,
    ociRuntime: values.oci_runtime,
    isolation: options.isolation,
    capabilities,
    isolators,
    logger: containerLogger,
    fetching,
    volumeGids,
    garbage: {
      policy: { delayMs: values.gc_delay, headroom: values.gc_disk_headroom },
      diskWatchIntervalMs: values.disk_watch_interval,
      isForAll: values.gc_non_executor_container_sandboxes,
    },
    shutdownGraceMs: values.executor_shutdown_grace_period,
    lingerMs: values.http_command_executor ? 0 : COMMAND_EXECUTOR_LINGER_MS,
    podLingerMs: DEFAULT_EXECUTOR_LINGER_MS,
    isStrict: values.strict,
    mayRunAs: ({ principal: value }, user) => {
      const principal = value === undefined ? undefined : { value };
      const asking = { principal, call: 'RunTaskMessage' };
      return decide(asking, 'RUN_TASK', { object: { value: user } });
    },
    mayLaunchAs: ({ action, object: { command, ...object }, origin, ...asking }, user) =>
      decide(asking, action, { object: { ...object, command: { ...command, user } }, origin }),
    nowMs: () => steadyClock.nowMs(),
    dispatch: (event) => loop.dispatch(event),
    log: (level, text) => logger.write(level, text),
  });
  const agent = createAgent(options, createCore(module));
  const trail = agentTrail(logger, () => agent.master);
  const loop = new EventLoop<AgentEvent, AgentEffect>({
    machine: {
      step: (event) => {
        trail.event(event);
        return step(agent, event);
      },
    },
    perform: (effect) => {
      trail.effect(effect);
      performEffect(performers, effect);
    },
  });
  const measuring = new Turns();
  const portOptions = own.portOptions({ address, carriers, logPath: '/slave/log', early });
  const server = await AgentServer.start({
    ...portOptions,
    auditor: audit?.auditor,
    logFiles: joinedFiles(portOptions.logFiles, audit?.files ?? new Map()),
    dispatch: (event) => loop.dispatch(event),
    requests,
    streams,
    pressure: loop,
    views: createViews(agent, shownJson),
    heartbeatMs: values.http_heartbeat_interval,
    usage: ({ containerId }) => measuring.run(() => driver.usage(containerId)),
    others: () => driver.otherContainers(),
    userOf: (id) => driver.userOf(id),
    containerStatusOf: (id) => driver.containerStatus(id),
    executorSocket: options.executorSocket,
    authorizer: options.authorizer,
    authentication,
    flags: options.flags,
    version: options.build,
    metrics: () => ({
      ...accessFiles.metrics,
      ...audit?.metrics(),
      ...driver.metrics(),
    }),
  });
  const performers: Performers<AgentEffect> = {
    ...own.performers,
    reply: server,
    openStream: server,
    closeStream: server,
    sendToExecutor: server,
    sendToMaster: server,
    audit: server,
    auditDisbelief: server,
    link: {
      perform: (effect) => {
        // The agent is not registered: another master may lead by now.
        detector.lookAgain();
        server.perform(effect);
      },
    },
    launchExecutor: driver,
    reattachExecutor: driver,
    resizeContainer: driver,
    destroyContainer: driver,
    attachContainer: driver,
    launchContainer: driver,
    waitContainer: driver,
    killContainer: driver,
    removeContainer: driver,
    pruneImages: driver,
    listImages: driver,
    pullImage: driver,
    collectGarbage: driver,
    createVolume: driver,
    checkpoint: driver,
    exit: { perform: ({ code, reason }) => own.end(code, reason) },
  };
  shutdown.add('containers', async () => {
    await driver.close();
    await images?.close();
  });
  shutdown.add('executor socket', () => server.closeSocket());
  // As in Mesos: SIGUSR1 kills the tasks and leaves the cluster, other signals leave them running.
  const stop = (how: 'leave' | 'unregister') =>
    loop.dispatch({ type: 'stop', nowMs: steadyClock.nowMs(), how });
  own.serve(server.port, address, () => stop('leave'));
  shutdown.add('access', own.watchAccess(accessFiles));
  loop.dispatch({
    type: 'recovered',
    nowMs: steadyClock.nowMs(),
    checkpoint: await driver.recover(),
  });
  const unwatch = detector.watch((leader) => {
    if (leader !== undefined) {
      // A master that was configured by its name has a certificate of that name.
      const name = master.type === 'address' ? master.address.host : leader.hostname;
      expectLeader(carriers, { ...leader, hostname: name });
    }
    loop.dispatch({
      type: 'masterDetected',
      nowMs: steadyClock.nowMs(),
      master: leader?.pid,
      hostname: leader?.hostname,
    });
  });
  shutdown.add('detector', unwatch);
  // Not before all tasks of the last run are recovered, and the master is known.
  onUnregister(() => stop('unregister'));
}
