// A seeded generator (sfc32), so that the same seed and the same events give the same outcome.

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = 0x9e3779b9 | 0;
    this.c = (seed / 0x100000000) | 0;
    for (let i = 0; i < 12; i++) {
      this.next32();
    }
  }

  /** A whole number in [0, 2^32). */
  next32(): number {
    const t = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return t >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    return this.next32() / 0x100000000;
  }

  /** 16 random bytes with the version and variant of a random UUID (RFC 9562, version 4). */
  uuid(): Uint8Array {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setUint32(0, this.next32());
    new DataView(bytes.buffer).setUint32(4, this.next32());
    new DataView(bytes.buffer).setUint32(8, this.next32());
    new DataView(bytes.buffer).setUint32(12, this.next32());
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes;
  }
}

export function formatUuid(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) {
    hex += (byte + 256).toString(16).slice(1);
  }
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
