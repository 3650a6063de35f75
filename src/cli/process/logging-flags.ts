// Flags about logging, for master and agent.
import { choice, integer, path, size, toggle } from '../flags/flag.ts';

const MIN_LOG_BYTES = 64 * 1024;

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
  log_format: choice(['glog', 'json'])({
    default: 'glog',
    help: 'What lines of the log are: as glog writes them, or an object of JSON each (time, level, program, pid, text).',
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
  max_log_files: integer({
    default: 4,
    help: 'How many files that were full are kept of each log file, as FILE.1 (the newest), FILE.2 and so on; and this many times --max_log_size of those of earlier starts.',
  }),
  max_log_size: size({
    default: 256 * 1024 * 1024,
    check: (bytes) => (bytes < MIN_LOG_BYTES ? 'max_log_size must be at least 64KB' : undefined),
    help: 'The size at which a file of --log_dir is full and the next begins.',
  }),
  quiet: toggle({ default: false, help: 'Log nothing to standard error.' }),
} as const;
