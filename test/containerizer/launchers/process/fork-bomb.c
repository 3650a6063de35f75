/*
 * Forks for as long as it may: 20 seconds, and 150 processes of its user. Deaf to every signal that can be
 * ignored. `bomb`: as many as there can be; `spread`: the same, each in a session of its own;
 * `chains`: eight that run away, each process forking the next and ending.
 */
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int main(int count, char **arguments) {
  const char *kind = count > 1 ? arguments[1] : "";
  struct rlimit limit = {150, 150};
  time_t end = time(0) + 20;
  if (getuid() == 0 || setrlimit(RLIMIT_NPROC, &limit) < 0) {
    return 1;
  }
  for (int number = 1; number < 32; number++) {
    signal(number, SIG_IGN);
  }
  if (strcmp(kind, "chains") == 0) {
    for (int i = 0; i < 8 && fork() > 0; i++) {
    }
    while (time(0) < end) {
      if (fork() > 0) {
        _exit(0);
      }
      setsid();
    }
  }
  for (int forks = 0; time(0) < end; forks++) {
    pid_t pid = fork();
    if (pid < 0) {
      usleep(1000);
    } else if (strcmp(kind, "bomb") == 0 && pid == 0) {
      forks = 0;
      if (fork() > 0) {
        _exit(0);
      }
    } else if (forks % 10 == 9) {
      usleep(500);
    }
    if (strcmp(kind, "spread") == 0) {
      setsid();
    }
  }
  return 0;
}
