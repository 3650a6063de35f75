/** An archive that is not to be unpacked: its text says what is wrong with "the layer". */
export class TarError extends Error {
  readonly code = 'MESOSCALE_TAR';
}
