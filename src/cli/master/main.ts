// `mesoscale master`: reads the flags, opens the registry, and connects state machine, core, port,
// registry and election. It decides nothing.
import { createCore } from '../../core/core.ts';
import { MasterServer } from '../../http/master/server.ts';
import { joinedFiles } from '../../http/server/files.ts';
import type { EarlyPort } from '../../http/transport/listener.ts';
import type { MasterEffect } from '../../master/effects.ts';
import type { MasterEvent } from '../../master/events.ts';
import { createMaster, masterViews, step } from '../../master/master.ts';
import type { MasterTimer } from '../../master/timers.ts';
import { steadyClock } from '../../runtime/clock.ts';
import { EventLoop } from '../../runtime/event-loop.ts';
import { loadCore } from '../../runtime/load-core.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { openAuditLog } from '../process/audit-log.ts';
import { type Performers, performEffect } from '../process/performers.ts';
import { ServerProcess } from '../process/server-process.ts';
import { EarlyMessages } from './early-messages.ts';
import { openElection } from './election.ts';
import type { MASTER_FLAGS } from './flags.ts';
import { Insights } from './insights.ts';
import { LeadershipGate } from './leadership-gate.ts';
import { openRegistry, replicaMetrics } from './registry-engine.ts';
import { RegistryWriter } from './registry-writer.ts';
import { masterSettings } from './settings.ts';
import { masterTrail } from './task-trail.ts';
import { watchWhitelist } from './whitelist.ts';

const NAME = 'master';

export async function runMaster(
  parsed: ParsedFlags<typeof MASTER_FLAGS>,
  early: EarlyPort | undefined,
): Promise<void> {
  const { values } = parsed;
  const [settings, module] = await Promise.all([masterSettings(parsed), loadCore()]);
  const { address, options, authentication, carriers, ensemble } = settings;
  const { credentials, accessFiles, warnings, registry: place, page } = settings;
  const doubts: string[] = [];
  const registry = await openRegistry(place, {
    sessionTimeoutMs: values.zk_session_timeout,
    fetchTimeoutMs: values.registry_fetch_timeout,
    storeTimeoutMs: values.registry_store_timeout,
    onDoubt: (text) => doubts.push(text),
    log: (level, text) => own.logger.write(level, text),
    onLost: ({ message }) =>
      loop.dispatch({ type: 'registryLost', nowMs: steadyClock.nowMs(), error: message }),
  });
  const noted = { ...parsed, warnings: [...parsed.warnings, ...warnings, ...doubts] };
  const own = new ServerProcess<MasterTimer>(NAME, noted, (timer, nowMs) =>
    loop.dispatch({ type: 'timer', nowMs, timer }),
  );
  const { logger, shutdown } = own;

  const { contender, detector } = await openElection({
    url: ensemble,
    owned: place.type === 'zookeeper' ? [place.folder] : [],
    sessionTimeoutMs: values.zk_session_timeout,
    log: (level, text) => logger.write(level, text),
  });
  const lost = (reason: string) =>
    loop.dispatch({ type: 'leadershipLost', nowMs: steadyClock.nowMs(), reason });
  const gate = new LeadershipGate(contender, lost);
  const master = createMaster(options, createCore(module));
  const views = masterViews(master);
  const earlyMessages = new EarlyMessages({
    views,
    nowMs: () => steadyClock.nowMs(),
    dispatch: (event) => loop.dispatch(event),
  });
  const trail = masterTrail(logger, views);
  const loop = new EventLoop<MasterEvent, MasterEffect>({
    machine: {
      step: (event) => {
        trail.event(event);
        const effects = step(master, event);
        earlyMessages.afterStep();
        return effects;
      },
    },
    perform: (effect) => {
      if (gate.passes(effect)) {
        trail.effect(effect);
        performEffect(performers, effect);
      }
    },
  });
  const writer = new RegistryWriter(registry, (event) =>
    loop.dispatch({ ...event, nowMs: steadyClock.nowMs() }),
  );
  const audit = await openAuditLog(values.audit_log, {
    authorizer: options.authorizer,
    carriers,
    at: '/master/audit',
    logger,
    shutdown,
  });
  const portOptions = own.portOptions({ address, carriers, logPath: '/master/log', early });
  const insights = new Insights({
    module,
    done: (event) => loop.dispatch({ ...event, nowMs: steadyClock.nowMs() }),
  });
  const server = await MasterServer.start({
    ...portOptions,
    auditor: audit?.auditor,
    logFiles: joinedFiles(portOptions.logFiles, audit?.files ?? new Map()),
    dispatch: (event) => {
      if (!earlyMessages.keeps(event)) {
        loop.dispatch(event);
      }
    },
    dispatchNewWork: (make) => loop.dispatchNewWork(make),
    pressure: loop,
    mayLeave: () => gate.isOpen(),
    views,
    page,
    authorizer: options.authorizer,
    authentication,
    credentials,
    flags: options.flags,
    version: options.version,
    metrics: () => ({
      ...accessFiles.metrics,
      ...audit?.metrics(),
      'registrar/registry_size_bytes': registry.sizeBytes(),
      ...replicaMetrics(place),
    }),
  });
  let whyItEnds = 'it was told to end';
  const performers: Performers<MasterEffect> = {
    ...own.performers,
    reply: server,
    respond: server,
    compute: insights,
    giveUpComputing: { perform: ({ computation }) => insights.giveUp(computation) },
    openStream: server,
    closeStream: server,
    sendToFramework: server,
    sendToOperator: server,
    sendToAgent: server,
    link: server,
    audit: server,
    auditDisbelief: server,
    readRegistry: writer,
    store: writer,
    abort: {
      perform: ({ reason }) => {
        whyItEnds = reason;
        own.end(1, reason);
      },
    },
  };
  shutdown.add('registry', () => registry.close());
  shutdown.add('insights', () => insights.close());
  own.serve(server.port, address, () => void shutdown.run(0));
  shutdown.add('access', own.watchAccess(accessFiles));
  if (values.whitelist !== undefined) {
    const stop = watchWhitelist({
      file: values.whitelist,
      hostnames: options.whitelist ?? [],
      changed: (hostnames) =>
        loop.dispatch({ type: 'whitelist', nowMs: steadyClock.nowMs(), hostnames }),
      unreadable: (message) => logger.warn(message),
    });
    shutdown.add('whitelist', stop);
  }
  // The next master leads at once.
  shutdown.add('election', () => contender.withdraw());
  // Closed first: who waits for an answer looks for the next master, and nothing of this one leaves
  // meanwhile. That connections close then means nothing: no framework is removed, no agent has
  // left.
  shutdown.add('calls', () => {
    loop.stop();
    return server.retire(whyItEnds);
  });
  detector?.watch((leader) =>
    loop.dispatch({ type: 'leaderChanged', nowMs: steadyClock.nowMs(), leader }),
  );
  contender.contend(master.info, {
    elected: () => {
      gate.elected();
      loop.dispatch({ type: 'elected', nowMs: steadyClock.nowMs() });
    },
    lost,
    refused: (reason) => own.end(1, reason),
  });
}
