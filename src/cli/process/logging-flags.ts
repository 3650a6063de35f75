// Flags about logging, for master and agent.
import { choice, integer, path, toggle } from '../flags/flag.ts';

export const LOGGING_FLAGS = {
  external_log_file: path({
    help: 'A log file that something else writes, such as syslog. It is served as the log in /files.',
  }),
  initialize_driver_logging: toggle({
    default: true,
    status: 'accepted',
    help: 'Only concerns the logs of Mesos’s own driver libraries.',
  }),
  log_dir: path({
    help: 'Folder for log files, besides what goes to standard error: mesos-master.INFO (or mesos-agent.INFO), .WARNING and .ERROR are links to the newest. SIGHUP opens them again.',
  }),
  logbufsecs: integer({
    default: 0,
    status: 'accepted',
    help: 'Seconds for which log lines may be held back. Lines are always written at once.',
  }),
  logging_level: choice(['INFO', 'WARNING', 'ERROR'])({
    default: 'INFO',
    help: 'The least level that is logged: INFO, WARNING or ERROR.',
  }),
  quiet: toggle({ default: false, help: 'Log nothing to standard error.' }),
} as const;
