// How a framework stands in each of its roles: its share, what it has and is offered, and refuses.
import { Name } from '../components/name.tsx';
import { Failed, Loading } from '../components/notices.tsx';
import { PartBar, partText, Refusals, useShares } from '../components/shares.tsx';
import { href } from '../locations/location.ts';
import type { FrameworkRow } from '../store/rows.ts';
import { counted } from '../words/amounts.ts';
import { amountsWords } from '../words/resources.ts';

/** More of them are counted. */
const MAX_LISTED = 200;

export function FrameworkRoles({ framework: { id } }: { framework: FrameworkRow }) {
  const { value: shares, failure } = useShares({ framework_id: { value: id } });
  if (shares === undefined) {
    return failure === undefined ? (
      <Loading what="its roles" lines={2} />
    ) : (
      <Failed failure={failure} />
    );
  }
  const { leaves, more } = shares;
  const left = Math.max(0, leaves.length - MAX_LISTED) + more;
  return (
    <section class="panel files-panel">
      <table class="files">
        <caption class="forecast-title">In its roles</caption>
        <thead>
          <tr>
            <th scope="col">Role</th>
            <th scope="col">Share</th>
            <th scope="col">Allocated</th>
            <th scope="col" class="table-wide">
              Offered
            </th>
            <th scope="col">Refuses</th>
          </tr>
        </thead>
        <tbody>
          {leaves.slice(0, MAX_LISTED).map((leaf) => (
            <tr key={leaf.role}>
              <td>
                <a href={href(['roles', leaf.role])}>
                  <Name text={leaf.role} />
                </a>
              </td>
              <td>
                <PartBar part={leaf} />
                <span class="unseen">{partText(leaf)}</span>
              </td>
              <td>{amountsWords(leaf.allocated) || 'nothing'}</td>
              <td class="table-wide">{amountsWords(leaf.offered) || 'nothing'}</td>
              <td>
                <Refusals leaf={leaf} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left === 0 ? null : <p class="quiet">And {counted(left, 'more role')}.</p>}
    </section>
  );
}
