// Agents that are thought of, as PLAN takes them, and as flags of an agent that is started so.
import { AMOUNT_NAMES } from '../store/sums.ts';
import { type Chosen, numberError } from './chosen.ts';

interface Attribute {
  readonly name: string;
  readonly text: string;
}

interface AddedAgents {
  readonly count: number;
  readonly resources: readonly object[];
  readonly attributes?: readonly object[];
}

const itemsOf = (text: string): readonly string[] =>
  text
    .split(';')
    .map((item) => item.trim())
    .filter(Boolean);

/** `rack:7; zone:a`, as the flag of an agent has them; what has no colon is none. */
function attributesOf(text: string): readonly Attribute[] {
  return itemsOf(text).flatMap((item) => {
    const at = item.indexOf(':');
    return at < 1 ? [] : [{ name: item.slice(0, at).trim(), text: item.slice(at + 1).trim() }];
  });
}

/** Numbers are numbers, as an agent has it. */
const attributeOf = ({ name, text }: Attribute) =>
  /^-?\d+(\.\d+)?$/.test(text)
    ? { name, type: 'SCALAR', scalar: { value: Number(text) } }
    : { name, type: 'TEXT', text: { value: text } };

/** Undefined until there is something to add. */
export function addedAgents(chosen: Chosen): AddedAgents | undefined {
  const { count = '', attributes = '' } = chosen;
  const resources = AMOUNT_NAMES.flatMap((name) => {
    const text = chosen[name] ?? '';
    return text === '' || Number(text) === 0
      ? []
      : [{ name, type: 'SCALAR', scalar: { value: Number(text) } }];
  });
  const found = attributesOf(attributes).map(attributeOf);
  return /^[1-9]\d{0,8}$/.test(count) && resources.length > 0
    ? { count: Number(count), resources, ...(found.length === 0 ? {} : { attributes: found }) }
    : undefined;
}

/** Why there is nothing to add yet; undefined where there is, or where nothing is said at all. */
export function addedAgentsProblem(chosen: Chosen): string | undefined {
  const { count = '', attributes = '' } = chosen;
  const wrong = AMOUNT_NAMES.map((name) => numberError(chosen[name] ?? '')).find(Boolean);
  if (wrong !== undefined) {
    return wrong;
  }
  if (attributesOf(attributes).length < itemsOf(attributes).length) {
    return 'Attributes are as rack:7; zone:a.';
  }
  if (count !== '' && !/^[1-9]\d{0,8}$/.test(count)) {
    return `“${count}” is no number of agents.`;
  }
  const hasAmount = AMOUNT_NAMES.some((name) => Number(chosen[name] ?? '') > 0);
  return count === '' && hasAmount
    ? 'Say how many agents.'
    : count !== '' && !hasAmount
      ? 'Say what each of them has: CPUs, memory, disk or GPUs.'
      : undefined;
}

/** Flags that an agent is started with to be one of these, for a POSIX shell. */
export function agentFlags(chosen: Chosen): string {
  const resources = AMOUNT_NAMES.flatMap((name) => {
    const text = chosen[name] ?? '';
    return text === '' ? [] : [`${name}:${text}`];
  }).join(';');
  const attributes = attributesOf(chosen.attributes ?? '')
    .map(({ name, text }) => `${name}:${text}`)
    .join(';');
  return [
    `--resources=${quoted(resources)}`,
    ...(attributes === '' ? [] : [`--attributes=${quoted(attributes)}`]),
  ].join(' ');
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
