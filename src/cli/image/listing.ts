// What `mesoscale image` prints of an agent's images, for people.
import { progressText } from '../../containerizer/images/pull-progress.ts';
import { roundedBytes } from '../../model/bytes.ts';
import type {
  AgentResponse_GetImages,
  AgentResponse_GetImages_StoredImage,
  AgentResponse_PruneImages,
  TimeInfo,
} from '../../model/generated/messages.ts';
import { counted } from '../counted.ts';
import { table } from '../table.ts';
import { progressOf } from '../told-pulls.ts';

const TITLES = ['IMAGE', 'DIGEST', 'SIZE', 'LAYERS', 'PULLED', 'IN USE'];

export function listingText(listing: AgentResponse_GetImages): string {
  const { images = [], pulls = [], total_bytes: total = 0 } = listing;
  const lines = images.length === 0 ? ['There are no images'] : table([TITLES, ...images.map(row)]);
  if (images.length > 0) {
    lines.push(`${counted(images.length, 'image')}, ${roundedBytes(total)}`);
  }
  lines.push(
    ...pulls.map((pull) => {
      const count = pull.container_ids?.length ?? 0;
      const whom = count === 0 ? '' : ` for ${counted(count, 'container')}`;
      return `${pull.image.name} is being pulled${whom}: ${progressText(progressOf(pull))}`;
    }),
  );
  return `${lines.join('\n')}\n`;
}

const row = (image: AgentResponse_GetImages_StoredImage): readonly string[] => [
  image.image.name,
  shortDigest(image.digest),
  roundedBytes((image.layers ?? []).reduce((sum, { bytes = 0 }) => sum + bytes, 0)),
  String(image.layers?.length ?? 0),
  timeText(image.pull_time),
  image.in_use ? 'yes' : 'no',
];

/** Enough of it to tell images apart; --json has all. */
const shortDigest = (digest = '') => digest.slice(0, 'sha256:'.length + 12);

/** Of this machine's time zone, to the minute. */
function timeText(time: TimeInfo | undefined): string {
  if (time === undefined) {
    return '';
  }
  const at = new Date(Number(time.nanoseconds / 1_000_000n));
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function removalText({
  images = [],
  layers = 0,
  freed_bytes: freed = 0,
}: AgentResponse_PruneImages): string {
  const lines = images.map(({ name }) => `Removed ${name}`);
  lines.push(
    `${counted(images.length, 'image')} and ${counted(layers, 'layer')} removed, ${roundedBytes(freed)} freed`,
  );
  return `${lines.join('\n')}\n`;
}
