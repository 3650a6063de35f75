/* Listens in a thread that has descriptors of its own, beside one that shares them. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

static void *shares(void *nothing) {
  pause();
  return nothing;
}

static void *has_its_own(void *nothing) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int socket_of_its_own = unshare(CLONE_FILES) < 0 ? -1 : socket(AF_INET, SOCK_STREAM, 0);
  bind(socket_of_its_own, (void *)&address, size);
  listen(socket_of_its_own, 1);
  getsockname(socket_of_its_own, (void *)&address, &size);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return shares(nothing);
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, shares, NULL);
  pthread_create(&thread, NULL, has_its_own, NULL);
  pause();
}
