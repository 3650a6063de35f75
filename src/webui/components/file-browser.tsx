// Folders of an agent, and the files in them.
import { useMemo, useRef } from 'preact/hooks';
import { href } from '../locations/location.ts';
import {
  changedMs,
  type FileInfo,
  filesNamed,
  isFolder,
  lookAgainMs,
  modeText,
  nameOf,
  ORDERS,
  ownerOf,
  settled,
} from '../store/folder.ts';
import { archiveUrl, downloadUrl, listFiles } from '../stream/agent-files.ts';
import { RequestFailure } from '../stream/requests.ts';
import { amountText, counted, countText } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import { FileView } from './file-view.tsx';
import { SearchField } from './filters.tsx';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';
import { Empty, Failed, Loading } from './notices.tsx';
import { place } from './place.tsx';
import { useReading } from './reading.ts';
import { sorting } from './sorting.ts';
import { type Column, Table, TableCount } from './table.tsx';
import { Ago } from './time.tsx';

/** More than these are searched rather than read through. */
const MANY = 20;

interface FileBrowserProps {
  readonly agent: string;
  /** The folder above which nothing is shown. */
  readonly root: string;
}

/** `path` of the query is a folder below the root, and `file` a file in it. */
export function FileBrowser({ agent, root }: FileBrowserProps) {
  const { path: here, query } = place.value;
  const { path: below = '', file } = query;
  const folder = below === '' ? root : `${root}/${below}`;
  const to = (path: string, name?: string) => href(here, { path, file: name });
  return (
    <>
      <div class="file-tools">
        <Crumbs below={below} file={file} to={to} />
        {file === undefined && folder !== '' ? (
          <a class="button" href={archiveUrl(agent, folder)} download>
            <Icon name="download" size={15} />
            All as an archive
          </a>
        ) : null}
      </div>
      {file === undefined ? (
        <Folder key={folder} agent={agent} folder={folder} below={below} to={to} />
      ) : (
        <FileView key={`${folder}/${file}`} agent={agent} path={`${folder}/${file}`} />
      )}
    </>
  );
}

type To = (path: string, name?: string) => string;

function Crumbs({ below, file, to }: { below: string; file: string | undefined; to: To }) {
  const folders = below.split('/').filter(Boolean);
  return (
    <nav class="crumbs" aria-label="Folders">
      <a href={to('')}>
        <Icon name="folder" size={15} /> /
      </a>
      {folders.map((name, index) => (
        <a key={`${index}-${name}`} href={to(folders.slice(0, index + 1).join('/'))}>
          <Name text={name} />/
        </a>
      ))}
      {file === undefined ? null : <Name text={file} />}
    </nav>
  );
}

interface FolderProps {
  readonly agent: string;
  readonly folder: string;
  readonly below: string;
  readonly to: To;
}

const lookAgain = (files: readonly FileInfo[]) => lookAgainMs(files.length);

function Folder({ agent, folder, below, to }: FolderProps) {
  const last = useRef<readonly FileInfo[] | undefined>(undefined);
  const { value, failure } = useReading(`${agent} ${folder}`, lookAgain, async (signal) => {
    last.current = settled(last.current, await listFiles(agent, folder, signal));
    return last.current;
  });
  const { sort, onSort, sorted } = sorting(ORDERS, { key: 'kind', isDescending: false });
  const { q = '' } = place.value.query;
  const rows = useMemo(
    () => (value === undefined ? [] : sorted(filesNamed(value, q))),
    [value, q, sort.key, sort.isDescending],
  );
  const columns = useMemo(() => columnsOf(agent), [agent]);
  if (value === undefined) {
    return failure === undefined ? (
      <Loading what="files" />
    ) : failure instanceof RequestFailure && failure.status === 404 ? (
      <Missing isTop={folder === ''} />
    ) : (
      <Failed failure={failure} />
    );
  }
  if (value.length === 0) {
    return <Empty title="There is nothing in this folder" />;
  }
  const linkOf = (file: FileInfo) =>
    isFolder(file) ? to([below, nameOf(file)].filter(Boolean).join('/')) : to(below, nameOf(file));
  const all = counted(value.length, 'entry', 'entries');
  return (
    <>
      {failure === undefined ? null : <Failed failure={failure} />}
      {value.length > MANY || q !== '' ? (
        <div class="filters">
          <SearchField label="Search names in this folder" />
        </div>
      ) : null}
      {rows.length === 0 ? (
        <Empty title="No files">No name in this folder has this in it.</Empty>
      ) : (
        <>
          <TableCount
            text={rows.length === value.length ? all : `${countText(rows.length)} of ${all}`}
          />
          <Table
            label="Files"
            columns={columns}
            rows={rows}
            keyOf={({ path }) => path}
            hrefOf={linkOf}
            sort={sort}
            onSort={onSort}
          />
        </>
      )}
    </>
  );
}

const Missing = ({ isTop }: { isTop: boolean }) =>
  isTop ? (
    <Empty title="This agent shows no files of its own">
      Its log is here when it is started with --log_dir. What tasks have written is with each task.
    </Empty>
  ) : (
    <Empty title="This folder is not there">
      Sandboxes are removed some time after their tasks have ended, or sooner where disks are full.
    </Empty>
  );

const columnsOf = (agent: string): readonly Column<FileInfo>[] => [
  {
    key: 'name',
    title: 'Name',
    width: '3fr',
    isSortable: true,
    cell: (file) => (
      <>
        <Icon name={isFolder(file) ? 'folder' : 'file'} size={15} /> <Name text={nameOf(file)} />
      </>
    ),
  },
  {
    key: 'size',
    title: 'Size',
    width: '84px',
    isNumber: true,
    isSortable: true,
    cell: (file) => (isFolder(file) ? '' : amountText('disk', (file.size ?? 0) / 2 ** 20)),
  },
  {
    key: 'mode',
    title: 'Mode',
    width: '104px',
    isWide: true,
    cell: (file) => <span class="fixed">{modeText(file)}</span>,
  },
  {
    key: 'owner',
    title: 'Owner',
    width: '1fr',
    isWide: true,
    cell: (file) => <Name text={ownerOf(file)} />,
  },
  {
    key: 'changed',
    title: 'Changed',
    width: '112px',
    isNumber: true,
    isSortable: true,
    phone: 'below',
    cell: (file) => <Ago ms={changedMs(file)} />,
  },
  {
    key: 'download',
    title: '',
    width: '28px',
    phone: 'corner',
    cell: (file) => (
      <a
        href={(isFolder(file) ? archiveUrl : downloadUrl)(agent, file.path)}
        download
        aria-label={`Download ${plainName(nameOf(file))}${isFolder(file) ? ' as an archive' : ''}`}
      >
        <Icon name="download" size={15} />
      </a>
    ),
  },
];
