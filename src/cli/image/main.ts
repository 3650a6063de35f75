// `mesoscale image`: lists, pulls and prunes the images of an agent.
import { constants } from 'node:os';
import { ContainerizerError } from '../../containerizer/containerizer-error.ts';
import { OperatorClient } from '../../http/client/operator-client.ts';
import { CallRefusedError } from '../../http/client/scheduler-client.ts';
import { type Address, formatAddress, parseAddress } from '../../model/address.ts';
import {
  AgentCall_Type,
  type AgentResponse,
  type Image,
  Image_Type,
  Secret_Type,
} from '../../model/generated/messages.ts';
import { writeJson } from '../../wire/json.ts';
import type { MessageType } from '../../wire/message-type.ts';
import { types } from '../../wire/types.ts';
import { lastWords } from '../failure.ts';
import { FlagError } from '../flags/faults.ts';
import type { FlagValues } from '../flags/flag.ts';
import type { ParsedFlags } from '../flags/parse.ts';
import { credentialOf } from '../framework/framework-session.ts';
import { clientCarriers } from '../process/carriers.ts';
import { progressOf, storedName } from '../told-pulls.ts';
import type { IMAGE_FLAGS } from './flags.ts';
import { listingText, removalText } from './listing.ts';
import { openPullWatch } from './pull-watch.ts';

type Values = FlagValues<typeof IMAGE_FLAGS>;

/** A pull takes as long as it takes; whether the agent is alive shows otherwise. */
const NO_TIMEOUT_MS = 0;
/** Removing large images takes a while. */
const PRUNE_TIMEOUT_MS = 10 * 60_000;

interface Asked {
  readonly verb: 'list' | 'pull' | 'prune';
  /** Of the image to pull. */
  readonly name: string;
}

export async function runImage(parsed: ParsedFlags<typeof IMAGE_FLAGS>): Promise<void> {
  const { values, faults } = parsed;
  const asked = faults.read(() => readArguments(parsed.rest));
  const address = faults.read(() => readAddress(values.agent));
  const credential = faults.dependent('principal', () =>
    credentialOf(values.principal, values.secret),
  );
  const carriers = await faults.readLater(() =>
    clientCarriers(values, process.env, { name: 'agent', text: values.agent }),
  );
  faults.end();
  const place = formatAddress(address.value);
  const clientWith = (timeoutMs?: number) =>
    new OperatorClient({
      address: place,
      credential: credential.value,
      dialer: carriers.value.dialer,
      timeoutMs,
    });
  try {
    process.stdout.write(await ACTIONS[asked.value.verb](clientWith, values, asked.value.name));
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(lastWords('image', whyNot(error, place)));
  }
}

/** Throws FlagError. */
function readArguments(rest: readonly string[]): Asked {
  const [verb, name, ...others] = rest;
  if (verb !== 'list' && verb !== 'pull' && verb !== 'prune') {
    throw new FlagError(`expected 'list', 'pull' or 'prune', got '${verb ?? ''}'`);
  }
  if ((verb === 'pull') !== (name !== undefined) || others.length > 0) {
    throw new FlagError(
      verb === 'pull' ? 'pull expects the name of one image' : `${verb} expects no argument`,
    );
  }
  if (name !== undefined) {
    requireName(name);
  }
  return { verb, name: name ?? '' };
}

/** Throws FlagError. */
function requireName(name: string): void {
  try {
    storedName(name);
  } catch (error) {
    throw error instanceof ContainerizerError ? new FlagError(error.message) : error;
  }
}

/** Throws FlagError. */
function readAddress(text: string): Address {
  const address = parseAddress(text.trim().replace(/^https?:\/\//, ''));
  if (address === undefined) {
    throw new FlagError(`--agent expects host:port, got '${text}'`);
  }
  return address;
}

type ClientWith = (timeoutMs?: number) => OperatorClient;
type Action = (clientWith: ClientWith, values: Values, name: string) => Promise<string>;

const ACTIONS: Readonly<Record<Asked['verb'], Action>> = {
  list: async (clientWith, values) => {
    const { get_images = {} } = await clientWith().agent({ type: AgentCall_Type.GET_IMAGES });
    return values.json
      ? jsonLine(types.AgentResponse_GetImages, get_images)
      : listingText(get_images);
  },
  pull: async (clientWith, values, name) => {
    const { pull_image: pulled } = await pull(clientWith, values, name);
    if (pulled === undefined) {
      throw new CallRefusedError(501, '');
    }
    return values.json
      ? jsonLine(types.AgentResponse_PullImage, pulled)
      : `${pulled.image.name} ${pulled.digest ?? ''}\n`;
  },
  prune: async (clientWith, values) => {
    const excluded_images = (values.exclude ?? []).map((each) => dockerImage(each));
    const { prune_images = {} } = await clientWith(PRUNE_TIMEOUT_MS).agent({
      type: AgentCall_Type.PRUNE_IMAGES,
      prune_images: { excluded_images, show_removed: true },
    });
    return values.json
      ? jsonLine(types.AgentResponse_PruneImages, prune_images)
      : removalText(prune_images);
  },
};

const dockerImage = (name: string): Image => ({ type: Image_Type.DOCKER, docker: { name } });

function imageOf(name: string, values: Values): Image {
  const { cached, docker_config: config } = values;
  const data = config === undefined ? undefined : Buffer.from(JSON.stringify(config));
  return {
    type: Image_Type.DOCKER,
    docker: { name, ...(data && { config: { type: Secret_Type.VALUE, value: { data } } }) },
    cached,
  };
}

/** Shows the progress meanwhile, on standard error. */
async function pull(clientWith: ClientWith, values: Values, name: string): Promise<AgentResponse> {
  const image = imageOf(name, values);
  const stored = storedName(name);
  const answer = clientWith(NO_TIMEOUT_MS).agent({
    type: AgentCall_Type.PULL_IMAGE,
    pull_image: { image },
  });
  const watch = values.json ? undefined : openPullWatch(process.stderr);
  leaveOnSignals(() => watch?.end());
  const client = clientWith();
  let isOver = false;
  const over = answer.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  while (watch !== undefined && !(await settlesWithin(over, watch.intervalMs))) {
    // Where this fails, so does the pull, or it goes on without being seen.
    const listing = await client.agent({ type: AgentCall_Type.GET_IMAGES }).catch(() => undefined);
    const own = listing?.get_images?.pulls?.find((each) => each.image.name === stored);
    if (own !== undefined && !isOver) {
      watch.show(progressOf(own));
    }
  }
  try {
    return await answer;
  } finally {
    watch?.end();
  }
}

/** The agent gives the pull up, unless others wait for it, when the connection is gone. */
function leaveOnSignals(before: () => void): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      before();
      process.exit(128 + constants.signals[signal]);
    });
  }
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, late]);
  clearTimeout(timer);
  return isSettled;
}

function jsonLine<Message extends object>(type: MessageType<Message>, message: Message): string {
  return `${writeJson(type, message)}\n`;
}

function whyNot(error: unknown, place: string): string {
  if (error instanceof CallRefusedError) {
    return error.message;
  }
  if (error instanceof Error && 'code' in error) {
    return `The agent at ${place} cannot be asked: ${error.message}`;
  }
  throw error;
}
