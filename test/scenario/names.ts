// Names for the ids that masters generate: `node1` for an agent, `web` for a framework, `O3` for an
// offer, `M2.O3` for an offer of the second master.

const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})-(S\d+|O\d+|\d{4})/g;

export class Names {
  readonly #known = new Map<string, string>();

  /** A second id for the same name is that of a new agent or framework: `node1'`. */
  learn(id: string, name: string): void {
    if (!this.#known.has(id)) {
      const isTaken = [...this.#known.values()].includes(name);
      this.#known.set(id, isTaken ? `${name}'` : name);
    }
  }

  /** The id of the agent or framework of that name. Throws where it has none yet. */
  id(name: string): string {
    for (const [id, known] of this.#known) {
      if (known === name) {
        return id;
      }
    }
    throw new Error(`${name} has no id yet: it has not registered or subscribed`);
  }

  /** The text with a name in place of each id. */
  named(text: string): string {
    return text.replaceAll(ID, (id, master: string, suffix: string) => {
      const number = Number.parseInt(master.slice(-4), 16) - FIRST_MASTER + 1;
      return this.#known.get(id) ?? (number === 1 ? suffix : `M${number}.${suffix}`);
    });
  }
}

/** The last digits of the first master's id in a scenario; the next master's id is one more. */
const FIRST_MASTER = 0x1111;
