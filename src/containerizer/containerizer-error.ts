// What goes wrong in the world of containers: told to the framework, so the text is for its user.

export class ContainerizerError extends Error {
  readonly code = 'MESOSCALE_CONTAINER';
}
