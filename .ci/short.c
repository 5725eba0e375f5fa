/* Lets one write come short: the SHORT_AT-th `write` of a process hands on half of its bytes and
   says so, as a full disk or a signal would. SHORT_MARK is a file that is made when that happens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

ssize_t write(int fd, const void *bytes, size_t count) {
  static long seen;
  ssize_t (*real)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (++seen != atol(getenv("SHORT_AT"))) return real(fd, bytes, count);
  close(open(getenv("SHORT_MARK"), O_CREAT | O_WRONLY, 0600));
  return real(fd, bytes, count > 1 ? count / 2 : count);
}
