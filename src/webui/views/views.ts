// All views of the page: a new one is a file beside this and a line here. What is in the navigation
// has a letter, for `g` and that letter.
import type { ComponentType } from 'preact';
import type { IconName } from '../components/icon.tsx';
import { matchPath } from '../locations/location.ts';
import { AgentFilesView, AgentView } from './agent.tsx';
import { AgentResourcesView } from './agent-resources.tsx';
import { AgentsView } from './agents.tsx';
import { EventsView } from './events.tsx';
import { FlagsView } from './flags.tsx';
import { FrameworkView } from './framework.tsx';
import { FrameworksView } from './frameworks.tsx';
import { MaintenanceView } from './maintenance.tsx';
import { OffersView } from './offers.tsx';
import { OverviewView } from './overview.tsx';
import { RoleView } from './role.tsx';
import { RolesView } from './roles.tsx';
import { TaskFilesView, TaskView } from './task.tsx';
import { TaskTerminalView } from './task-terminal.tsx';
import { TasksView } from './tasks.tsx';
import { WhatIfView } from './what-if.tsx';
import { WhyNotView } from './why-not.tsx';

/** What the parts of the path with a colon are in this place. */
export type Names = Readonly<Record<string, string>>;

interface View {
  /** Below `#/`, such as `tasks/:framework/:task`. */
  readonly path: string;
  readonly title: string;
  readonly view: ComponentType<{ names: Names }>;
  /** Absent: other views lead there. */
  readonly navigation?: { readonly icon: IconName; readonly key: string };
}

const VIEWS: readonly View[] = [
  {
    path: '',
    title: 'Overview',
    view: OverviewView,
    navigation: { icon: 'overview', key: 'o' },
  },
  { path: 'tasks', title: 'Tasks', view: TasksView, navigation: { icon: 'tasks', key: 't' } },
  { path: 'tasks/:framework/:task', title: 'Task', view: TaskView },
  { path: 'tasks/:framework/:task/files', title: 'Files of a task', view: TaskFilesView },
  { path: 'tasks/:framework/:task/terminal', title: 'Terminal', view: TaskTerminalView },
  {
    path: 'frameworks',
    title: 'Frameworks',
    view: FrameworksView,
    navigation: { icon: 'frameworks', key: 'f' },
  },
  { path: 'frameworks/:framework', title: 'Framework', view: FrameworkView },
  { path: 'frameworks/:framework/why', title: 'Why not?', view: WhyNotView },
  { path: 'agents', title: 'Agents', view: AgentsView, navigation: { icon: 'agents', key: 'a' } },
  { path: 'agents/:agent', title: 'Agent', view: AgentView },
  { path: 'agents/:agent/resources', title: 'Reservations', view: AgentResourcesView },
  { path: 'agents/:agent/files', title: 'Files of an agent', view: AgentFilesView },
  { path: 'offers', title: 'Offers', view: OffersView, navigation: { icon: 'offers', key: 'p' } },
  { path: 'roles', title: 'Roles', view: RolesView, navigation: { icon: 'roles', key: 'r' } },
  { path: 'roles/:role', title: 'Role', view: RoleView },
  {
    path: 'maintenance',
    title: 'Maintenance',
    view: MaintenanceView,
    navigation: { icon: 'maintenance', key: 'm' },
  },
  { path: 'events', title: 'Events', view: EventsView, navigation: { icon: 'events', key: 'e' } },
  {
    path: 'flags',
    title: 'Flags',
    view: FlagsView,
    navigation: { icon: 'flags', key: 'v' },
  },
  {
    path: 'what-if',
    title: 'What if?',
    view: WhatIfView,
    navigation: { icon: 'question', key: 'w' },
  },
];

/** In the order in which they are shown. */
export const NAVIGATION = VIEWS.flatMap(({ path, title, navigation }) =>
  navigation === undefined ? [] : [{ path, title, ...navigation }],
);

interface Found {
  readonly view: View;
  readonly names: Names;
}

/** Undefined where there is nothing. */
export function viewAt(path: readonly string[]): Found | undefined {
  for (const view of VIEWS) {
    const names = matchPath(view.path, path);
    if (names !== undefined) {
      return { view, names };
    }
  }
  return undefined;
}
