// Families of metrics that masters and agents have alike.
import { counter, duration, type Family, gauge } from './family.ts';

export const PROCESS_FAMILIES: readonly Family[] = [
  gauge(
    'process_start_time_seconds',
    'When the process started, in seconds since 1970.',
    'process/start_time_secs',
  ),
  counter('process_cpu_seconds_total', 'CPU time of the process.', 'process/cpu_secs'),
  gauge(
    'process_resident_memory_bytes',
    'Memory of the machine that the process has.',
    'process/resident_memory_bytes',
  ),
  gauge(
    'process_heap_used_bytes',
    'What lives in the heap of JavaScript.',
    'process/heap_used_bytes',
  ),
  duration(
    'mesos_loop_delay_seconds',
    'How long what comes at any moment waits for the I/O loop, looked at ten times a second.',
    'process/loop_delay_ms',
  ),
  duration(
    'mesos_http_request_duration_seconds',
    'How long answers took to be made, by endpoint: of calls of frameworks, until they are carried out. Without streams and files.',
    'http/{path}/request_ms',
  ),
  counter(
    'mesos_http_responses_total',
    'Those answers, by endpoint and status.',
    'http/{path}/responses/{code}',
  ),
  gauge('mesos_host_cpus', 'CPUs of the machine that this process may use.', 'system/cpus_total'),
  gauge('mesos_host_load1', 'Load of the machine, averaged over a minute.', 'system/load_1min'),
  gauge('mesos_host_load5', 'Load of the machine, averaged over five minutes.', 'system/load_5min'),
  gauge(
    'mesos_host_load15',
    'Load of the machine, averaged over a quarter of an hour.',
    'system/load_15min',
  ),
  gauge(
    'mesos_host_memory_free_bytes',
    'Memory of the machine that nothing uses.',
    'system/mem_free_bytes',
  ),
  gauge('mesos_host_memory_bytes', 'Memory of the machine.', 'system/mem_total_bytes'),
  counter(
    'mesos_access_reloads_total',
    'Files of credentials and access control lists that were read again after a change.',
    'access/reloads',
  ),
  counter(
    'mesos_access_reload_failures_total',
    'Such files that could not be read, or say what cannot be: the rules before stay in force.',
    'access/failed_reloads',
  ),
  counter(
    'mesos_audit_log_lines_total',
    'Lines of the audit log that were written, and that the disk did not take.',
    'audit_log/<outcome:written|dropped>',
  ),
  gauge(
    'mesos_tls_certificate_remaining_seconds',
    'Time until the certificate of this process expires.',
    'tls/certificate_expires_secs',
  ),
  counter(
    'mesos_tls_certificate_reload_failures_total',
    'Changed certificates or keys that could not be used: those before stay in use.',
    'tls/certificate_reload_failures',
  ),
  counter(
    'mesos_tls_connections_without_tls_total',
    'Connections without TLS that were accepted, or opened as the peer has no TLS.',
    'tls/connections_<kind:downgraded|without_tls>',
  ),
  counter(
    'mesos_tls_handshake_failures_total',
    'Handshakes of TLS that have failed.',
    'tls/handshake_failures',
  ),
];
