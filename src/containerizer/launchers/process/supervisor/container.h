/* What the parts of the supervisor program share. What it does and why: see spawner.c. */
#ifndef CONTAINER_H
#define CONTAINER_H

#define _GNU_SOURCE
#include <signal.h>
#include <sys/types.h>

/*
 * What of the process's input and output goes through its supervisor: nothing, where it writes right
 * into files.
 */
struct io {
  int is_piped;     /* Its output, through pipes; */
  int has_terminal; /* or everything, through a terminal of this size (0: unknown). */
  int rows, columns;
  int is_served;    /* The agent can attach to it, and where there is no terminal, it gets a pipe as input. */
  /* Where its files are, and to whom the working directory belongs; NULL: as for all others. */
  const char *logs, *owner;
  /* For standard output and error: the largest size of the file (0: any), and how many full ones stay. */
  struct rotation {
    unsigned long long max;
    unsigned kept;
  } rotation[2];
};

/* The process that a request asks for. The strings and lists belong to the request. */
struct launch {
  int supervised, bound;
  const char *run, *boot, *above, *directory, *out, *err, *uid, *gid;
  /* Cgroups that are removed with the container, of which the first kills it, and those it is in. */
  char **own_cgroups, **joined_cgroups;
  /* The cgroup whose limit of memory counts for the container; empty: it is not watched. */
  const char *memory;
  char **groups, **settings, **environment, **arguments;
  int n_groups, n_own_cgroups, n_joined_cgroups, n_settings;
  struct io io;
  /* Of a container with namespaces of its own: stage.c, runtime.c. */
  const char *pid_file, *log_file;
  char **stage, **runtime;
  int n_stage, n_runtime;
  int program;        /* For the container to execute: inside.c. */
  int status_pipe[2]; /* From inside.c; -1 without a runtime. */
};

/* The descriptors of a process within a container, beside its input and output: inside.c. */
enum {
  INSIDE_FIRST = 3,
  INSIDE_PROGRAM = INSIDE_FIRST, /* This program. */
  INSIDE_FAILURE,                /* Takes the reason why there is no process; closed when there is. */
  INSIDE_STATUS,                 /* Takes the status of the command, as wait(2) has it. */
  INSIDE_DIRECTORY,              /* In memory: which folder the working directory must be. */
  INSIDE_ENVIRONMENT,            /* In memory: variables, each ended by NUL. */
  INSIDE_DESCRIPTORS = INSIDE_ENVIRONMENT - INSIDE_FIRST + 1
};

/* All 0: any folder. */
struct inside_directory {
  dev_t device;
  ino_t file;
};

/* What the process gets as its standard input and output, and where it hands up the files for them. */
struct stdio {
  int in, out, err, logs, is_terminal;
};

/*
 * requests.c: takes strings off a request; one that is too short gives empty ones, and a zero `good`.
 * Takes a launch, and returns whether it was one; in any case its lists are to be freed.
 */
struct cursor {
  char *at, *end;
  int good;
};
char *take(struct cursor *cursor);
char **take_list(struct cursor *cursor, int *count);
int read_launch(struct cursor *cursor, struct launch *launch);
void free_launch(struct launch *launch);

/* records.c: small files, whole or not at all, and what /proc says. */
int write_file(const char *path, int flags, const char *text);
void seal(char *line, size_t size, const char *text);
int record(const char *directory, const char *name, const char *text);
int overwrite(const char *directory, const char *name, const char *text);
int set_aside(const char *directory, const char *name);
int read_stat(pid_t pid, pid_t *parent, unsigned long long *start);
void pause_ms(int milliseconds);
/* Closes a descriptor, which may be -1; errno stays as it is. */
void drop(int fd);

/* descendants.c: sends SIGTERM to every process below this one, or kills it. */
void ask_descendants(void);
void kill_descendants(void);

/*
 * cgroup.c: kills all processes in a cgroup and those below it, for which it may freeze them; removes
 * the cgroups; makes one, and the one above it.
 */
void kill_cgroup(const char *group, int may_freeze);
int remove_cgroup(const char *group);
int make_cgroup(const char *group);

/*
 * memory.c: watches the memory of a cgroup; NULL, with errno. `memory` may be NULL in what follows: a
 * descriptor that can be read when there is something to take; takes it, and returns whether the limit was
 * hit for the first time; what there is to record of that, or NULL.
 */
struct memory;
struct memory *watch_memory(const char *group);
int memory_events(const struct memory *memory);
int take_memory_events(struct memory *memory, const char *run, int has_ended);
const char *memory_figures(const struct memory *memory);

/* devices.c: processes in the cgroup, of v2, can use these devices only; returns -1, with errno. */
int limit_devices(const char *group, char **rules, int n_rules);

/* confinement.c: applies a setting of this process; returns -1, with errno. */
int confine_before_user(const char *setting);
int confine_after_user(const char *setting);

/*
 * volumes.c: takes a step of the stage, which mounts a volume below the folder that becomes the
 * container's root; returns -1, with errno and `why`.
 */
int mount_volume(const struct launch *launch, char **step, char *why, size_t size);
/* Decodes %XX in place. */
char *decoded(char *word);

/*
 * volume-places.c: no volume is mounted over the way from that root to a folder, which has no link on it;
 * returns -1, with errno. Why nothing is mounted on what is open, or NULL. Whether the machine's processes
 * show in what is open.
 */
int keep_way(const char *path, const char *way);
const char *objection_to(int root, int target);
int shows_processes(int root, int source);

/*
 * ways.c: opens what a path leads to from that root; the same, where what is missing is made. The number
 * of the mount that has what is open; 0 where it is not known. Makes what is missing in a folder: what
 * is in another mount than that is in a volume, such as a folder of the machine that the user can only
 * read, and there the container's user makes it, or nobody. They return -1, with errno.
 */
int open_in(int root, const char *path);
int make_on_way(const struct launch *launch, int root, const char *way, int is_file);
unsigned long long mount_of(int fd);
int make_in(const struct launch *launch, unsigned long long mount, int folder, const char *name,
            int is_file);
/*
 * Takes a step of the stage: in files of the container's own, makes what is missing of a way. Fails
 * where that leads into a volume, and not into the sandbox, or into /proc or /dev: returns -1, with
 * errno and `why`.
 */
int reach(const struct launch *launch, char **step, char *why, size_t size);

/*
 * users.c: puts this process into a user namespace of its own, in which it is root; or into the one that
 * the process of a container has above its own; returns -1, with errno. Tries whether that can be had,
 * and with it process ids; says why not, and returns the status to end with.
 */
int make_users(void);
int join_users(pid_t process);
int try_users(int with_processes);

/*
 * rootfs.c: mounts the files of an image at a folder; returns -1, with errno. Tries whether that can be done;
 * says why not, and returns the status to end with.
 */
int mount_root(const char *target, const char *what);
int try_root(const char *target, const char *what);

/*
 * network.c: makes a network namespace as a file, FOLDER/NAME/ns, in which there is nothing but the
 * loopback, in place of one that is there. Removes it, and FOLDER/NAME, unless there is more in
 * that. They say why not, and return the status to end with.
 */
int make_network(const char *folder, const char *name);
int remove_network(const char *folder, const char *name);

/* dial.c: connects within the network of a process; returns the status to end with. */
int dial(const char *process, const char *address, const char *port);

/* figures.c: answers what the kernel counts in network namespaces, until its input ends. */
int tell_figures(void);

/* threads.c: names the threads of processes with descriptors of their own. */
int tell_threads(void);

/*
 * layers.c, copies.c: fills a folder with the files of a layer; copies layers into the first of these
 * folders. They return the status to end with.
 */
int fill_layer(const char *folder);
int copy_layers(int count, char **folders);
int restore_parents(int count, char **folders);

/* process.c: whether the container's user is that of this process. */
int is_same_user(const struct launch *launch);

/*
 * process.c: opens a folder below one that only the agent can exchange, or what the container's user can
 * reach; makes a folder or file where that user can; -1, with errno.
 */
int open_below(const char *above, const char *path);
int open_sandbox(const struct launch *launch);
int open_as_user(const struct launch *launch, const char *path);
int open_in_as_user(const struct launch *launch, int root, const char *path);
int make_as_user(const struct launch *launch, int folder, const char *name, int is_file);

/* process.c: turns this process into the container's; does not return. */
_Noreturn void become(const struct launch *launch, int failure, const struct stdio *stdio);
_Noreturn void execute(const char *program, char **arguments, int failure);
_Noreturn void fail(int failure, const char *format, ...);
void reset_signals(void);

/*
 * stage.c: enters the user namespace of the stage, where it has one; takes its other steps, in a mount
 * namespace of its own.
 */
int take_users(const struct launch *launch);
void set_stage(const struct launch *launch, int failure);

/* sandbox-way.c: below the folder that becomes the container's root; -1, with errno. */
int mount_sandbox_way(const struct launch *launch, const char *root);

/* propagation.c: where the stage says so, what the machine mounts from now on shows in the container. */
void follow_machine(const struct launch *launch, pid_t process);

/* How long a runtime may take until the container's process executes the command. */
enum { RUNTIME_DEADLINE_MS = 60000 };

/* runtime.c: turns this process into the OCI runtime; waits for what it starts. */
int program_for_containers(void);
_Noreturn void become_runtime(const struct launch *launch, int failure, int directory);
/*
 * Reads what is written into the pipe until nobody has it open; returns how much that was, or -1 where
 * it takes too long, or the container is destroyed meanwhile.
 */
ssize_t read_until_closed(int fd, char *text, size_t size, int deadline_ms);
pid_t await_runtime(const struct launch *launch, pid_t runtime, int failure, char *text,
                    size_t size);
/* Also of one that has ended: how is told to its parent only, and once. */
int is_child(pid_t process);

/*
 * inside.c: stands for /dev/null, which a runtime would give to the container's user; -1, with errno.
 * And this program within a container.
 */
int stand_in_for_null(void);
_Noreturn void inside(int count, char **arguments);

/* switchboard.c: a socket in the run directory, on which the agent is served; -1, with errno. */
int listen_for_agent(const char *run);
struct switchboard;
/* Returns NULL, with errno. */
struct switchboard *open_switchboard(const struct launch *launch, int listener, struct stdio *stdio);
/* In the process: sends the files for its output. In the supervisor: takes them, when it runs. */
void hand_up_logs(int socket, int folder, const int *logs);
void take_logs(struct switchboard *board, struct stdio *stdio);
/* Serves process and readers until a signal waits, or `events` can be read (-1: never). */
void serve(struct switchboard *board, int events);
/* Takes what is left of the output. */
void close_switchboard(struct switchboard *board);

/* How a plain process ended, in memory that the spawner and its companion share. */
struct outcome {
  int status; /* As wait(2) has it; -1: not known. */
  char failure[512]; /* Why it could not be started, or empty. */
};

/* supervisor.c: closes all descriptors from this one on. */
void close_all_from(int first);

/*
 * supervisor.c: the signals that are blocked, and taken one by one: those of the agent, and that a child
 * has ended. The two programs that a fork of the spawner may run; neither returns. A supervisor waits for
 * `go`, and closes `begun` when it has started its process.
 */
sigset_t orders(void);
_Noreturn void supervise(struct launch *launch, int go, int begun, int listener, pid_t spawner);
_Noreturn void accompany(struct launch *launch, pid_t spawner, struct outcome *outcome);

#endif
