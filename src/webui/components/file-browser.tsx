// Folders of an agent, and the files in them.
import { href } from '../locations/location.ts';
import { archiveUrl, downloadUrl, type FileEntry, listFiles } from '../stream/agent-files.ts';
import { amountText } from '../words/amounts.ts';
import { plainName } from '../words/names.ts';
import { FileView } from './file-view.tsx';
import { Icon } from './icon.tsx';
import { Name } from './name.tsx';
import { Empty, Failed, Loading } from './notices.tsx';
import { place } from './place.tsx';
import { useReading } from './reading.ts';
import { Ago } from './time.tsx';

const EVERY_MS = 5000;

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

function Folder({ agent, folder, below, to }: FolderProps) {
  const { value, failure } = useReading(`${agent} ${folder}`, EVERY_MS, (signal) =>
    listFiles(agent, folder, signal),
  );
  if (value === undefined) {
    return failure === undefined ? <Loading what="files" /> : <Failed failure={failure} />;
  }
  if (value.length === 0) {
    return <Empty title="There is nothing in this folder" />;
  }
  const linkOf = ({ name, isFolder }: FileEntry) =>
    isFolder ? to([below, name].filter(Boolean).join('/')) : to(below, name);
  return (
    <div class="panel files-panel">
      <table class="files">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" class="table-number">
              Size
            </th>
            <th scope="col" class="table-wide">
              Mode
            </th>
            <th scope="col" class="table-wide">
              Owner
            </th>
            <th scope="col" class="table-number">
              Changed
            </th>
            <th scope="col">
              <span class="unseen">Download</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {value.map((entry) => (
            <tr key={entry.path}>
              <td>
                <a href={linkOf(entry)}>
                  <Icon name={entry.isFolder ? 'folder' : 'file'} size={15} />{' '}
                  <Name text={entry.name} />
                </a>
              </td>
              <td class="table-number">
                {entry.isFolder ? '' : amountText('disk', entry.size / 2 ** 20)}
              </td>
              <td class="table-wide fixed">{entry.mode}</td>
              <td class="table-wide">
                <Name text={entry.owner} />
              </td>
              <td class="table-number">
                <Ago ms={entry.changedMs} />
              </td>
              <td class="table-number">
                <a
                  href={(entry.isFolder ? archiveUrl : downloadUrl)(agent, entry.path)}
                  download
                  aria-label={`Download ${plainName(entry.name)}${entry.isFolder ? ' as an archive' : ''}`}
                >
                  <Icon name="download" size={15} />
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
