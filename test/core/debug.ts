// The debug build of the module for tests: assertions are on, and the whole state is checked after
// every n-th call. A trap names the failed assertion, with its file and line in asm/.
import { readFileSync } from 'node:fs';
import { buildCore } from '../../scripts/build-core.ts';
import { createCore } from '../../src/core/core.ts';
import type { SchedulerCore } from '../../src/core/interface.ts';
import type { Instantiate } from '../../src/core/module.ts';

type Call = (...args: number[]) => number;

let compiled: Promise<WebAssembly.Module> | undefined;

export function debugModule(): Promise<WebAssembly.Module> {
  compiled ??= buildCore({ build: 'debug' }).then((path) =>
    WebAssembly.compile(readFileSync(path)),
  );
  return compiled;
}

/** A string of the module: UTF-16, with its length in bytes before it. */
function textAt({ buffer }: WebAssembly.Memory, at: number): string {
  const bytes = new DataView(buffer).getUint32(at - 4, true);
  return new TextDecoder('utf-16le').decode(new Uint8Array(buffer, at, bytes));
}

/** Instances whose state is checked after every `everyCalls` calls. */
export function debugInstances(module: WebAssembly.Module, everyCalls: number): Instantiate {
  return () => {
    let memory: WebAssembly.Memory | undefined;
    const abort = (message: number, file: number, line: number, column: number) => {
      if (memory === undefined) {
        throw new Error('an assertion failed at the start');
      }
      throw new Error(`${textAt(memory, message)} (${textAt(memory, file)}:${line}:${column})`);
    };
    const { exports } = new WebAssembly.Instance(module, { env: { abort } });
    memory = exports.memory as WebAssembly.Memory;
    const checkState = exports.checkState as Call;
    let calls = 0;
    const entries = Object.entries(exports).map(([name, value]) => {
      if (typeof value !== 'function') {
        return [name, value] as const;
      }
      const call = (...args: number[]) => {
        const answer = (value as Call)(...args);
        if (++calls % everyCalls === 0) {
          checkState();
        }
        return answer;
      };
      return [name, call] as const;
    });
    return { exports: Object.fromEntries(entries) };
  };
}

/** A core on the debug build. */
export async function debugCore(everyCalls: number): Promise<SchedulerCore> {
  const module = await debugModule();
  return createCore(module, debugInstances(module, everyCalls));
}
