/** What keeps a cluster's secrets from being made or read, for people. */
export class SecureError extends Error {
  readonly code = 'MESOSCALE_SECURE';
}
