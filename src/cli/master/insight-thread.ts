// Computes the answers to EXPLAIN and PLAN. It owns one core, in which copies of the master's
// allocator are made.
import { parentPort, workerData } from 'node:worker_threads';
import { createCore } from '../../core/core.ts';
import { answerInsight } from '../../core/insight/insight.ts';
import { CoreError } from '../../core/interface.ts';
import type { InsightOutcome } from '../../master/events.ts';
import { errorText } from '../../model/error-text.ts';
import type { InsightJob } from './insights.ts';

/** How long roles are looked at: what is left of the limit is for the last one. */
const EXPLAIN_MS = 5_000;

const core = createCore((workerData as { readonly module: WebAssembly.Module }).module);

function outcomeOf({ saved, question }: InsightJob): InsightOutcome {
  const untilMs = performance.now() + EXPLAIN_MS;
  try {
    return { answer: answerInsight(core, saved, question, () => performance.now() < untilMs) };
  } catch (error) {
    // A change that the core does not take is the asker's fault; all else is ours.
    const status = error instanceof CoreError ? 400 : 500;
    return { failure: { status, text: `It cannot be computed: ${errorText(error)}` } };
  }
}

parentPort?.on('message', (job: InsightJob) => parentPort?.postMessage(outcomeOf(job)));
