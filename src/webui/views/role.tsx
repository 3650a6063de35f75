// One role: what it holds, what it is promised, the roles below it and the frameworks in it.
import { ConditionBadge } from '../components/badge.tsx';
import { Fact, Facts } from '../components/facts.tsx';
import { useCluster } from '../components/live.ts';
import { Name } from '../components/name.tsx';
import { Empty, Failed, Loading } from '../components/notices.tsx';
import { QuotaBar } from '../components/quota-bar.tsx';
import { partText, useShares } from '../components/shares.tsx';
import { ViewHead } from '../components/view-head.tsx';
import { RoleActions } from '../dialogs/quota-actions.tsx';
import { href } from '../locations/location.ts';
import { hasQuota, type RoleRow } from '../store/roles.ts';
import type { LeafRow, Shares } from '../store/shares.ts';
import { AMOUNT_NAMES } from '../store/sums.ts';
import { counted, percentText, RESOURCE_TITLES } from '../words/amounts.ts';
import { frameworkCondition } from '../words/conditions.ts';
import { quotaWords } from '../words/quotas.ts';
import { amountsWords } from '../words/resources.ts';
import { useRoles } from './roles.tsx';
import type { Names } from './views.ts';

/** More of them are counted. */
const MAX_LISTED = 100;

export function RoleView({ names: { role: name = '' } }: { names: Names }) {
  const { value: roles, failure } = useRoles();
  const { value: shares } = useShares({ role: name });
  if (roles === undefined) {
    return failure === undefined ? <Loading what="the role" /> : <Failed failure={failure} />;
  }
  const role = roles.find((each) => each.name === name);
  if (role === undefined) {
    return (
      <Empty title="There is no such role">
        Nobody is in <Name text={name} />, and nothing is reserved, weighted or promised for it.{' '}
        <a href={href(['roles'])}>All roles</a>
      </Empty>
    );
  }
  const below = roles.filter((each) => each.name.startsWith(`${name}/`));
  return (
    <>
      <ViewHead of={{ title: 'Roles', path: ['roles'] }} name={name}>
        <RoleActions role={role} />
      </ViewHead>
      <div class="split split-even">
        <RoleFacts role={role} shares={shares} />
        <RoleQuota role={role} />
        <RoleFrameworks role={role} shares={shares} />
        {below.length === 0 ? null : <RolesBelow below={below} />}
      </div>
    </>
  );
}

interface OfRole {
  readonly role: RoleRow;
  readonly shares: Shares | undefined;
}

function RoleFacts({ role: { name, weight, allocated, offered, reserved }, shares }: OfRole) {
  const share = shares?.roles.get(name);
  return (
    <section class="panel">
      <h2>What it has</h2>
      <Facts>
        <Fact name="Weight">{weight}</Fact>
        <Fact name="Share">
          {share === undefined ? null : (
            <>
              {partText(share)}
              {weight === 1 ? null : ` (${percentText(share.weighted)} for its weight)`}
            </>
          )}
        </Fact>
        <Fact name="Allocated">{amountsWords(allocated) || 'nothing'}</Fact>
        <Fact name="Offered">
          {amountsWords(offered) === '' ? (
            'nothing'
          ) : (
            <a href={href(['offers'], { role: name })}>{amountsWords(offered)}</a>
          )}
        </Fact>
        <Fact name="Reserved">{amountsWords(reserved) || 'nothing'}</Fact>
      </Facts>
      <p class="quiet">With the roles below it.</p>
    </section>
  );
}

function RoleQuota({ role }: { role: RoleRow }) {
  const { consumed, guarantee, limit } = role;
  return (
    <section class="panel">
      <h2>Quota</h2>
      {hasQuota(role) ? (
        <Facts>
          {AMOUNT_NAMES.map((name, index) => ({
            ...{ name, consumed: consumed[index] ?? 0 },
            ...{ guarantee: guarantee[index], limit: limit[index] },
          }))
            .filter((each) => each.guarantee !== undefined || each.limit !== undefined)
            .map((each) => (
              <Fact key={each.name} name={RESOURCE_TITLES[each.name]}>
                <QuotaBar {...each} />
                <span class="quiet">{quotaWords(each)}</span>
              </Fact>
            ))}
        </Facts>
      ) : (
        <p class="quiet">Nothing is guaranteed, and there is no limit.</p>
      )}
    </section>
  );
}

function RoleFrameworks({ role: { name, frameworks }, shares }: OfRole) {
  const cluster = useCluster();
  const own = (id: string) => shares?.byFramework.get(id)?.find(({ role }) => role === name);
  return (
    <section class="panel">
      <h2>Frameworks in it</h2>
      {frameworks.length === 0 ? <p class="quiet">None.</p> : null}
      <ul class="counts">
        {frameworks.slice(0, MAX_LISTED).map((id) => {
          const framework = cluster?.frameworks.get(id);
          return (
            <li key={id}>
              <a href={href(['frameworks', id])}>
                <span>
                  <Name text={framework?.name || id} title={id} />{' '}
                  {framework === undefined ? null : (
                    <ConditionBadge condition={frameworkCondition(framework)} />
                  )}
                </span>
                <LeafNote leaf={own(id)} />
              </a>
            </li>
          );
        })}
      </ul>
      {frameworks.length <= MAX_LISTED ? null : (
        <p class="quiet">
          And {counted(frameworks.length - MAX_LISTED, 'more framework')}.{' '}
          <a href={href(['frameworks'], { q: name })}>All of them</a>
        </p>
      )}
    </section>
  );
}

/** How a framework stands in the role. */
function LeafNote({ leaf }: { leaf: LeafRow | undefined }) {
  if (leaf === undefined) {
    return null;
  }
  const { refusals, isSuppressed } = leaf;
  return (
    <span class="quiet">
      {partText(leaf)}
      {isSuppressed ? ', suppressed' : refusals === 0 ? '' : `, ${counted(refusals, 'refusal')}`}
    </span>
  );
}

function RolesBelow({ below }: { below: readonly RoleRow[] }) {
  return (
    <section class="panel">
      <h2>Roles below it</h2>
      <ul class="counts">
        {below.slice(0, MAX_LISTED).map(({ name, allocated }) => (
          <li key={name}>
            <a href={href(['roles', name])}>
              <Name text={name} />
              <span class="quiet">{amountsWords(allocated) || 'nothing allocated'}</span>
            </a>
          </li>
        ))}
      </ul>
      {below.length <= MAX_LISTED ? null : (
        <p class="quiet">And {counted(below.length - MAX_LISTED, 'more role')}.</p>
      )}
    </section>
  );
}
