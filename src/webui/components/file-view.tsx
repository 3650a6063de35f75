// A text file of an agent: its end, followed while it grows, with what was before, and a search.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { placesOf } from '../store/text-places.ts';
import { downloadUrl, readFile } from '../stream/agent-files.ts';
import { FileWindow } from '../stream/file-window.ts';
import { amountText, countText } from '../words/amounts.ts';
import { Icon } from './icon.tsx';
import { Failed, Loading } from './notices.tsx';
import { showPlaces } from './text-search.ts';

/** How often a file that is followed is looked at. */
const EVERY_MS = 1000;
/** Pieces that a search reads further back by itself. */
const SEARCH_PIECES = 64;

/** From how far below what is seen the end still counts as seen. */
const AT_END_PX = 40;

interface FileViewProps {
  readonly agent: string;
  readonly path: string;
}

/** Whoever shows another file has to give it a key of its own. */
export function FileView({ agent, path }: FileViewProps) {
  const [file] = useState(() => new FileWindow((piece) => readFile(agent, { path, ...piece })));
  const [text, setText] = useState<string>();
  const [failure, setFailure] = useState<unknown>();
  const [isFollowed, setFollowed] = useState(true);
  const [wanted, setWanted] = useState('');
  const [at, setAt] = useState(0);
  const pre = useRef<HTMLPreElement>(null);
  const attempt = async (read: () => Promise<unknown>) => {
    try {
      await read();
      setFailure(undefined);
      setText(file.text());
    } catch (error) {
      setFailure(error);
    }
  };
  useEffect(() => void attempt(() => file.open()), []);
  useEffect(() => {
    if (!isFollowed) {
      return undefined;
    }
    let isAsking = false;
    const timer = window.setInterval(async () => {
      if (document.visibilityState === 'visible' && !isAsking) {
        isAsking = true;
        await file.grow().then(
          (isOther) => {
            setFailure(undefined);
            if (isOther) {
              setText(file.text());
            }
          },
          (error: unknown) => setFailure(error),
        );
        isAsking = false;
      }
    }, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [isFollowed, file]);
  useLayoutEffect(() => {
    const element = pre.current;
    if (element !== null && isFollowed) {
      element.scrollTop = element.scrollHeight;
    }
  });
  const places = text === undefined || wanted === '' ? [] : placesOf(text, wanted);
  const shown = places.length === 0 ? 0 : ((at % places.length) + places.length) % places.length;
  useEffect(() => {
    showPlaces(pre.current, { places, length: wanted.length, shown });
  });
  const canReach = file.before > 0 && !file.isFull;
  /** To the place before, or after; before the first one the file is read further back. */
  const search = async (isBack: boolean) => {
    setFollowed(false);
    if (wanted === '') {
      return;
    }
    if (!(isBack && shown === 0 && canReach)) {
      setAt(shown + (isBack ? -1 : 1));
      return;
    }
    for (let piece = 0; piece < SEARCH_PIECES && file.before > 0 && !file.isFull; piece++) {
      await attempt(() => file.reach());
      const more = placesOf(file.text(), wanted).length - places.length;
      if (more > 0) {
        setAt(more - 1);
        return;
      }
    }
    setAt(0);
  };
  if (text === undefined) {
    return failure === undefined ? <Loading what={path} /> : <Failed failure={failure} />;
  }
  return (
    <div class="file">
      <div class="file-tools">
        <label class="search">
          <Icon name="search" size={16} />
          <span class="unseen">Search in the file</span>
          <input
            type="search"
            placeholder="Search in the file"
            value={wanted}
            onInput={(event) => {
              setWanted(event.currentTarget.value);
              setAt(-1);
            }}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                void search(!event.shiftKey);
              }
            }}
          />
        </label>
        {wanted === '' ? null : (
          <span class="quiet number" role="status">
            {places.length === 0
              ? canReach
                ? 'Not in what is shown; Enter looks before'
                : file.before > 0
                  ? 'Not in what is shown; the file has more before'
                  : 'Nowhere'
              : `${countText(shown + 1)} of ${countText(places.length)}${
                  file.before === 0
                    ? ''
                    : canReach && shown === 0
                      ? ' in what is shown; Enter looks before'
                      : ' in what is shown'
                }`}
          </span>
        )}
        <span class="top-space" />
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowed}
            onChange={(event) => setFollowed(event.currentTarget.checked)}
          />
          Follow
        </label>
        <a class="button" href={downloadUrl(agent, path)} download>
          <Icon name="download" size={15} />
          Download, {amountText('disk', file.size / 2 ** 20)}
        </a>
      </div>
      {failure === undefined ? null : <Failed failure={failure} />}
      {file.isBinary ? (
        <p class="file-note">This does not look like text. Download it to see it as it is.</p>
      ) : null}
      {isFollowed && file.passedOver > 0 ? (
        <p class="file-note" role="status">
          The file grows faster than it is read: {amountText('disk', file.passedOver / 2 ** 20)}{' '}
          were passed over. They are before what is shown.
        </p>
      ) : null}
      <pre
        ref={pre}
        class="file-text"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keys
        tabIndex={0}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          const isAtEnd = scrollHeight - scrollTop - clientHeight < AT_END_PX;
          if (!isAtEnd && isFollowed) {
            setFollowed(false);
          }
        }}
      >
        {file.before === 0 ? null : (
          <button type="button" class="button" onClick={() => attempt(() => file.reach())}>
            {file.isFull ? 'Download the file to see more' : 'Show what is before'}
          </button>
        )}
        {text === '' ? <span class="quiet">The file is empty.</span> : <code>{text}</code>}
      </pre>
    </div>
  );
}
