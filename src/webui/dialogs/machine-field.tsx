// Machines for maintenance: those of agents, searched for and chosen.
import { useState } from 'preact/hooks';
import { type Machine, machineKey, machineName, machinesOf } from '../calls/maintenance.ts';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { agentPasses } from '../store/agent-filter.ts';
import type { AgentRow } from '../store/rows.ts';
import { byText } from '../store/task-list.ts';
import { counted } from '../words/amounts.ts';
import type { FieldsProps } from './options.tsx';

/** More are found by searching. */
const MAX_SHOWN = 30;

/** What maintenance calls the machine of an agent. */
export function machineOf({ hostname, pid }: AgentRow): Machine {
  const address = pid.slice(pid.indexOf('@') + 1);
  return { hostname, ip: address.slice(0, address.lastIndexOf(':')) };
}

export function MachineField({ chosen, choose }: FieldsProps) {
  const cluster = useCluster();
  const [searched, setSearched] = useState('');
  const machines = new Map(machinesOf(chosen).map((machine) => [machineKey(machine), machine]));
  const set = (next: ReadonlyMap<string, Machine>) =>
    choose({ machines: JSON.stringify([...next.values()]) });
  const wanted = searched.toLowerCase();
  const found = new Map([
    ...[...machines].filter(([, machine]) => machineName(machine).toLowerCase().includes(wanted)),
    ...[...(cluster?.agents.values() ?? [])]
      .filter((agent) => !agent.isRecovered && agentPasses(agent, { q: searched }))
      .map(machineOf)
      .toSorted((left, right) => byText(machineName(left), machineName(right)))
      .map((machine) => [machineKey(machine), machine] as const),
  ]);
  const toggle = (key: string, machine: Machine) => {
    const next = new Map(machines);
    if (!next.delete(key)) {
      next.set(key, machine);
    }
    set(next);
  };
  return (
    <fieldset class="choices">
      <legend>Machines: {counted(machines.size, 'is chosen', 'are chosen')}</legend>
      <input
        type="search"
        aria-label="Search machines"
        placeholder="Search hosts, ids, attributes of agents"
        value={searched}
        spellcheck={false}
        onInput={({ currentTarget }) => setSearched(currentTarget.value)}
      />
      <div class="choices-list">
        {[...found].slice(0, MAX_SHOWN).map(([key, machine]) => (
          <label key={key} class="form-check">
            <input
              type="checkbox"
              checked={machines.has(key)}
              onChange={() => toggle(key, machine)}
            />
            <Name text={machineName(machine)} />
          </label>
        ))}
        {found.size > MAX_SHOWN ? (
          <p class="quiet">And {counted(found.size - MAX_SHOWN, 'more machine')}.</p>
        ) : null}
        {found.size === 0 ? <p class="quiet">No machine of an agent passes this.</p> : null}
      </div>
      <div class="choices-all">
        <button
          type="button"
          class="button"
          disabled={found.size === 0}
          onClick={() => set(new Map([...machines, ...found]))}
        >
          Choose all {counted(found.size, 'machine')}
        </button>
        <button
          type="button"
          class="button"
          disabled={machines.size === 0}
          onClick={() => set(new Map())}
        >
          Choose none
        </button>
      </div>
    </fieldset>
  );
}
