// Reregisters an agent that its master knows.
import { AGENT_ID, MASTER, type World } from './harness.ts';

export const reregistered = {
  name: 'AgentReregisteredMessage',
  body: { agent_id: { value: AGENT_ID } },
} as const;

export function registerAgain(world: World): void {
  world.send({ type: 'masterDetected', master: MASTER });
  world.pass(1_000);
  world.fromMaster(reregistered);
}
