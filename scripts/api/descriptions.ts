// What each call of operators is for, where its name and the comments of proto/ do not say it.

const SHARED = {
  GET_HEALTH: 'Whether the process answers.',
  GET_FLAGS: 'The flags it was started with, and those that have a default; secrets are masked.',
  GET_VERSION: 'The version of the protocols that it speaks, and when it was built.',
  GET_METRICS: 'All figures, as `/metrics/snapshot` has them.',
  GET_LOGGING_LEVEL: 'How much the log says: 0 is the least.',
  SET_LOGGING_LEVEL: 'Makes the log say more.',
  LIST_FILES: 'What is in a folder: of a sandbox, or of the log.',
  READ_FILE: 'A piece of a file, 64 KiB at most without a `length`.',
  GET_STATE: 'The answers of the other GET_ calls in one.',
  GET_FRAMEWORKS: 'Frameworks, those that have ended too, as far as they are remembered.',
  GET_EXECUTORS: 'Executors that run.',
  GET_OPERATIONS: 'Operations (RESERVE, CREATE …) that are under way, or not acknowledged.',
  GET_TASKS: 'Tasks: that run, are unreachable, or have ended, as far as they are remembered.',
};

export const DESCRIPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  master: {
    ...SHARED,
    GET_AGENTS: 'Agents, with what they have and what of it is allocated and offered.',
    GET_ROLES: 'Roles that have a framework, a weight, a quota or a reservation.',
    GET_WEIGHTS: 'The weights that were set.',
    UPDATE_WEIGHTS: 'Sets the weights of roles; those that are not named stay.',
    GET_MASTER: 'The master that leads.',
    SUBSCRIBE: 'A stream of what changes; its first event has the state.',
    RESERVE_RESOURCES: 'Reserves resources of an agent for roles; offers are taken back for it.',
    UNRESERVE_RESOURCES: 'Gives up reservations that were made at run time.',
    CREATE_VOLUMES: 'Makes persistent volumes of reserved disk.',
    DESTROY_VOLUMES: 'Destroys persistent volumes, and what is in them.',
    GROW_VOLUME: 'Adds disk to a volume that no task uses.',
    SHRINK_VOLUME: 'Takes disk from a volume that no task uses.',
    GET_MAINTENANCE_STATUS:
      'Machines that drain for their window, and what frameworks said to it; those that are down.',
    GET_MAINTENANCE_SCHEDULE: 'The windows of maintenance.',
    UPDATE_MAINTENANCE_SCHEDULE:
      'Replaces the whole schedule. Frameworks are asked to leave the machines, by inverse offers.',
    START_MAINTENANCE:
      'Takes machines of the schedule down: their agents are told to end, and are let in no more.',
    STOP_MAINTENANCE: 'Brings machines up, and takes them out of the schedule.',
    DRAIN_AGENT: 'Offers an agent no more, and kills what runs there.',
    DEACTIVATE_AGENT: 'Offers an agent no more; what runs there goes on.',
    REACTIVATE_AGENT: 'Offers an agent again, after a deactivation or a drain.',
    GET_QUOTA: 'The quotas that were set.',
    UPDATE_QUOTA: 'Sets guarantees and limits of roles; those that are not named stay.',
    SET_QUOTA: 'Sets the guarantee of a role, which is its limit, too.',
    REMOVE_QUOTA: 'Takes the quota of a role away.',
    TEARDOWN: 'Ends a framework and all its tasks.',
    MARK_AGENT_GONE: 'Tells that an agent is gone for good, and its tasks with it.',
    GET_OFFERS: 'Offers on the table, and who has them.',
    GET_HISTORY: 'Figures of the last day, a point a minute.',
    GET_SHARES:
      'Shares of roles and frameworks, by which they are ordered, and what frameworks refuse.',
    EXPLAIN: 'Why a framework is offered which agents, and others not.',
    PLAN: 'What changes would do, on a copy of what the master knows. Nothing is changed.',
    KILL_TASK: 'Kills a task in the place of its framework.',
  },
  agent: {
    ...SHARED,
    GET_AGENT: 'The agent itself.',
    GET_CONTAINERS: 'Containers that run, with statistics of what they use.',
    GET_RESOURCE_PROVIDERS: 'Resource providers. There are none.',
    LAUNCH_CONTAINER:
      'Starts a container: within another one, or by itself, with resources that no framework is charged for.',
    WAIT_CONTAINER: 'Answers when the container has ended.',
    KILL_CONTAINER: 'Sends a signal to the first process of a container.',
    REMOVE_CONTAINER: 'Deletes what is left of a container that has ended.',
    LAUNCH_NESTED_CONTAINER: 'Starts a container within another one.',
    WAIT_NESTED_CONTAINER: 'Answers when the container has ended.',
    KILL_NESTED_CONTAINER: 'Sends a signal to the first process of a container.',
    REMOVE_NESTED_CONTAINER: 'Deletes what is left of a container that has ended.',
    LAUNCH_NESTED_CONTAINER_SESSION:
      'Starts a container within another one, which lives as long as this connection; what it prints is the answer.',
    ATTACH_CONTAINER_INPUT:
      'What is typed into a container: a stream of records, the first of which names it.',
    ATTACH_CONTAINER_OUTPUT: 'What a container prints from now on.',
    PRUNE_IMAGES: 'Deletes images that no container uses.',
    GET_IMAGES: 'The images that the agent keeps.',
    PULL_IMAGE: 'Brings an image before a task needs it.',
  },
};
