// One instance of the Wasm module: its exports with their types, and views of its memory. The views
// are renewed whenever the memory has moved, so no view may be kept across a call of the module.
import {
  ABI_VERSION,
  BAD_AMOUNT,
  BAD_ARGUMENT,
  BAD_HANDLE,
  BAD_KIND,
  BAD_RANGE,
  BAD_STATE,
  EXISTS,
  NOT_CONTAINED,
  OK,
  STILL_SHARED,
  TOO_MANY,
} from './constants.ts';
import { type CoreTrap, guardedExports } from './trap.ts';

export interface CoreExports {
  readonly memory: WebAssembly.Memory;
  abiVersion(): number;
  stateSize(): number;
  ioReserve(bytes: number): number;
  ioClear(): void;
  addName(excluded: number): number;
  addKind(name: number, flags: number, role: number, unit: number): number;
  markKinds(): number;
  dropKind(kind: number): number;
  dropName(name: number): number;
  listAdd(left: number, right: number): number;
  listSubtract(left: number, right: number): number;
  listContains(left: number, right: number): number;
  listEqual(left: number, right: number): number;
  listQuantities(count: number): number;
  listConvert(count: number, conversions: number): number;
  rowMake(count: number): number;
  rowDrop(row: number): number;
  rowRead(row: number): number;
  rowWrite(row: number, count: number): number;
  rowHas(row: number, count: number): number;
  rowPut(row: number, count: number): number;
  rowTake(row: number, count: number): number;
  rowReduce(row: number, count: number): number;
  rowSize(row: number): number;
  rowConvert(row: number, conversions: number): number;
  ledgerFree(total: number, used: number): number;
  ledgerTake(total: number, used: number, holder: number, count: number): number;
  ledgerGive(used: number, holder: number, count: number): number;
  ledgerRelease(used: number, holder: number): number;
  ledgerConvert(total: number, used: number, conversions: number): number;

  setUp(options: number, seedLow: number, seedHigh: number, gpuName: number): number;
  setClusterMinimum(): number;
  setNow(now: number): number;
  addRole(parent: number, rank: number, ownRank: number): number;
  dropRole(role: number): number;
  setRoleRank(role: number, rank: number, ownRank: number): number;
  setWeight(role: number, weight: number): number;
  setQuota(role: number, names: number): number;
  readRole(role: number): number;
  readRoleShare(role: number): number;
  newFramework(rank: number): number;
  dropFramework(framework: number): number;
  setFrameworkRank(framework: number, rank: number): number;
  introduce(framework: number, capabilities: number): number;
  changeCapabilities(framework: number, capabilities: number): number;
  subscribe(framework: number, role: number, active: number, suppressed: number): number;
  unsubscribe(framework: number, role: number): number;
  suppressRole(framework: number, role: number): number;
  reviveRole(framework: number, role: number): number;
  dropInverseFilters(framework: number): number;
  setLeafMinimum(framework: number, role: number): number;
  clearLeafMinimum(framework: number, role: number): number;
  setFrameworkActive(framework: number, active: number): number;
  removeFramework(framework: number): number;
  countEarlier(framework: number, agent: number, role: number): number;
  addAgent(flags: number, place: number, count: number): number;
  addUsed(agent: number, framework: number, role: number, count: number): number;
  addOffered(agent: number, framework: number, role: number, count: number): number;
  removeAgent(agent: number): number;
  setTotal(agent: number, count: number): number;
  growTotal(agent: number, count: number): number;
  changeAgentFlags(agent: number, flags: number): number;
  dropAgentFilters(agent: number): number;
  setMaintenance(agent: number, on: number): number;
  answerInverse(framework: number, agent: number, end: number): number;
  exclude(framework: number, role: number, agent: number, excluded: number): number;
  clearExclusions(framework: number, role: number): number;
  launch(framework: number, agent: number, role: number, count: number): number;
  recover(
    framework: number,
    agent: number,
    role: number,
    count: number,
    used: number,
    end: number,
  ): number;
  convertOffered(
    framework: number,
    agent: number,
    role: number,
    count: number,
    conversions: number,
    conversionBytes: number,
    extra: number,
  ): number;
  convertFree(agent: number, conversions: number): number;
  readTotal(agent: number): number;
  readFree(agent: number): number;
  readHoldings(agent: number): number;
  readLeaf(framework: number, role: number): number;
  readLeafShare(framework: number, role: number): number;
  readCluster(active: number): number;
  readRoles(): number;
  readLeaves(): number;
  countFilters(): number;
  requestRun(agent: number): number;
  dropRequests(): void;
  hasPending(): number;
  runOffers(batch: number, until: number): number;
  offersAt(): number;
  inverseOffersAt(): number;
  inverseOfferCount(): number;
  leafFrameworkOf(leaf: number): number;
  leafRoleOf(leaf: number): number;
  explain(framework: number, role: number, agent: number): number;
  roleFilters(role: number): number;

  matchReserve(bytes: number): number;
  matchRun(bytes: number): number;
}

/**
 * A call that the core refuses: it is a bug of the caller, or input from outside exceeds a limit.
 */
export class CoreError extends Error {
  readonly code: string;

  constructor(code: string, detail: string) {
    super(detail === '' ? code : `${code}: ${detail}`);
    this.name = 'CoreError';
    this.code = code;
  }
}

/** Code and text of each error status. OK is no error, and no call returns NO_MEMORY. */
const MEANINGS: Readonly<Record<number, readonly [code: string, meaning: string]>> = {
  [BAD_HANDLE]: ['BAD_HANDLE', 'there is no such thing'],
  [BAD_AMOUNT]: ['BAD_AMOUNT', 'an amount is negative, too large or no number'],
  [BAD_RANGE]: ['BAD_RANGE', 'ranges are out of order, or not of whole numbers'],
  [BAD_KIND]: ['BAD_KIND', 'there is no such kind'],
  [TOO_MANY]: ['TOO_MANY', 'there are too many'],
  [NOT_CONTAINED]: ['NOT_CONTAINED', 'what is to be taken is not there'],
  [STILL_SHARED]: ['STILL_SHARED', 'a shared volume has other copies in use'],
  [EXISTS]: ['EXISTS', 'it is there already'],
  [BAD_STATE]: ['BAD_STATE', 'not in this state'],
  [BAD_ARGUMENT]: ['BAD_ARGUMENT', 'an argument is wrong'],
};

/** The error of a status; `status` may be negative, as calls that return a count give it. */
export function statusError(status: number, detail = ''): CoreError {
  const [code, meaning] = MEANINGS[Math.abs(status)] ?? [`STATUS_${Math.abs(status)}`, ''];
  return new CoreError(code, detail === '' ? meaning : `${meaning} (${detail})`);
}

/** Returns a count or handle; throws where the answer is an error status. */
export function checked(answer: number, detail = ''): number {
  if (answer < 0) {
    throw statusError(answer, detail);
  }
  return answer;
}

/** Throws unless the status is OK. */
export function accepted(status: number, detail = ''): void {
  if (status !== OK) {
    throw statusError(status, detail);
  }
}

/** Makes an instance of the module, with its own memory. */
export type Instantiate = () => Pick<WebAssembly.Instance, 'exports'>;

export class CoreModule {
  readonly exports: CoreExports;
  /** Set when a call has trapped: the instance is unusable then. */
  trap: CoreTrap | undefined;
  /** How many calls were made that may have moved the offers of a run. */
  calls = 0;
  u32: Uint32Array;
  f64: Float64Array;
  /** The start of the exchange buffer, in u32s. */
  io = 0;
  #ioBytes = 0;
  readonly #memory: WebAssembly.Memory;

  constructor(instantiate: Instantiate) {
    const exports = guardedExports(instantiate().exports, {
      begun: () => {
        this.calls++;
      },
      lost: (trap) => {
        this.trap = trap;
      },
    });
    this.exports = exports as unknown as CoreExports;
    const version = this.exports.abiVersion();
    if (version !== ABI_VERSION) {
      throw new CoreError('ABI_MISMATCH', `the module speaks ${version}, the host ${ABI_VERSION}`);
    }
    this.#memory = this.exports.memory;
    this.u32 = new Uint32Array(this.#memory.buffer);
    this.f64 = new Float64Array(this.#memory.buffer);
    this.reserve(65536);
  }

  /** Makes the exchange buffer at least this large, and renews the views. */
  reserve(bytes: number): void {
    if (bytes > this.#ioBytes) {
      this.io = this.exports.ioReserve(bytes) >>> 2;
      this.#ioBytes = bytes;
    }
    this.refresh();
  }

  /** The module's whole memory in use, until the next call. */
  get state(): Uint8Array {
    const bytes = this.exports.stateSize();
    return new Uint8Array(this.#memory.buffer, 0, bytes);
  }

  /** Replaces the whole state by a copy from another instance of the same module. */
  paste(state: Uint8Array): void {
    const missing = state.length - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / 65536));
    }
    new Uint8Array(this.#memory.buffer).set(state);
    this.#ioBytes = 0;
    this.reserve(16);
    this.locate();
  }

  /** Renews the views if the memory has grown; needed after each call whose answer is in memory. */
  refresh(): void {
    if (this.u32.buffer !== this.#memory.buffer) {
      this.u32 = new Uint32Array(this.#memory.buffer);
      this.f64 = new Float64Array(this.#memory.buffer);
    }
  }

  /** Finds the exchange buffer again: the module moves it for an answer that does not fit. */
  locate(): void {
    this.refresh();
    this.io = this.exports.ioReserve(0) >>> 2;
  }
}
