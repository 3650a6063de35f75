// In every state that random histories reach, explain says what a run over the agent does.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import type { LiveAllocator, OfferBatch, SchedulerCore } from '../../src/core/interface.ts';
import type { Resource } from '../../src/model/generated/messages.ts';
import type { AgentId } from '../../src/model/ids.ts';
import { withoutAllocation } from '../../src/model/resource-format.ts';
import { oracle } from '../oracle/core.ts';
import { checkedCore } from './built-core.ts';
import { disagreement } from './compare.ts';
import { history, ROLES } from './histories.ts';
import type { Replayer } from './replay.ts';

let core: SchedulerCore;
beforeAll(async () => {
  // The state after the same events is checked more often by histories.test.ts; questions and forks
  // are most of the calls here.
  core = await checkedCore(400);
});

const offersOf = (batch: OfferBatch) =>
  Array.from(
    { length: batch.count },
    (_, index) =>
      [`${batch.frameworkId(index)} as ${batch.role(index)}`, batch.resources(index)] as const,
  );

/** What a run over one agent alone offers, by framework and role, on a copy. */
function offeredOf(
  allocator: LiveAllocator,
  agentId: AgentId,
): ReadonlyMap<string, readonly Resource[]> {
  const fork = allocator.fork();
  // Asks for a run over the agent, and changes nothing else that matters.
  fork.updateUnavailability(agentId, undefined);
  return new Map(offersOf(fork.runPending()));
}

/** Whether no run is pending, and no refusal ends at this very moment. */
function settled(allocator: LiveAllocator, now: number): LiveAllocator {
  const fork = allocator.fork();
  fork.setTime(now + 0.01);
  fork.runPending();
  return fork;
}

/** Explains every framework and agent, and counts the answers. */
function checkExplanations(replayer: Replayer, seen: Set<string>) {
  const { allocator, agentIds, frameworkIds, now } = replayer;
  if (allocator.paused) {
    return;
  }
  const live = settled(allocator as LiveAllocator, now);
  for (const agentId of agentIds) {
    const offered = offeredOf(live, agentId);
    for (const frameworkId of frameworkIds) {
      for (const role of ROLES) {
        const { reason, ahead, untilMs, offer } = live.explain(frameworkId, role, agentId);
        const who = `${frameworkId} as ${role}`;
        seen.add(reason);
        assert.equal(reason === 'offered', offered.has(who), `${who} on ${agentId}: ${reason}`);
        const wholeOffer = (offered.get(who) ?? []).map(withoutAllocation);
        expect(oracle.algebra.equal(offer ?? [], wholeOffer), who).toBe(true);
        if (reason === 'share order') {
          expect(ahead, who).toBeGreaterThan(0);
        }
        if (reason !== 'refused') {
          continue;
        }
        const later = live.fork();
        later.setTime((untilMs ?? 0) + 1);
        expect(later.explain(frameworkId, role, agentId).reason, who).not.toBe('refused');
      }
    }
  }
}

test('offered is what a run offers, and nothing else', () => {
  const seen = new Set<string>();
  const property = fc.property(history(50), fc.nat({ max: 9 }), (plan, phase) => {
    let events = phase;
    const inspect = (replayer: Replayer) => {
      events += 1;
      if (events % 10 === 0) {
        checkExplanations(replayer, seen);
      }
    };
    expect(disagreement(plan, { core, inspect })).toBeUndefined();
  });
  fc.assert(property, { seed: 1, numRuns: 120 });
  expect([...seen].toSorted()).toEqual([
    'agent inactive',
    'capability',
    'not subscribed',
    'not whitelisted',
    'nothing free',
    'offer constraint',
    'offered',
    'quota headroom',
    'quota limit',
    'refused',
    'share order',
    'suppressed',
    'too small',
    'unknown',
  ]);
});
