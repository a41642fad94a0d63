// A disk that forgets at a power cut what was not fsynced. kill -9 cannot show a missing fsync, because the page cache
// outlives the process. This library, in LD_PRELOAD, writes down every change to files below POWERCUT_DIR before it
// happens, with the bytes that were there, and what has been synced; cut.c then takes back what was not, or a part of it.
// Names are not durable before their directory is synced. POWERCUT_CONTROL makes the disk slow or faulty on the way.
#define _GNU_SOURCE
#include "powercut.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 65536, NOT_WATCHED = 0 };

// Set by the test while the process runs. Every nth means: of the calls on watched files; 0 never.
static struct control {
  volatile uint32_t sync_delay_ms, sync_fails_every, write_fails_every, write_is_torn_every, write_errno;
} none, *control = &none;

static char directory[PATH_MAX], kept[PATH_MAX];
static size_t directory_length;
static int journal = -1;
static uint64_t last_seq;
static uint32_t syncs, writes;
static uint64_t watched[FILES]; // the inode of each descriptor
static int flags_of[FILES];
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *why, const char *what) {
  dprintf(2, "powercut: %s %s: %s\n", why, what, strerror(errno));
  abort();
}

__attribute__((constructor)) static void begin(void) {
  const char *dir = getenv("POWERCUT_DIR"), *to = getenv("POWERCUT_JOURNAL"), *faults = getenv("POWERCUT_CONTROL");
  if (faults) {
    int fd = syscall(SYS_openat, AT_FDCWD, faults, O_RDWR | O_CLOEXEC, 0);
    void *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) die("cannot map", faults);
    control = map;
  }
  if (!dir || !to) return;
  if (!realpath(dir, directory)) die("no directory", dir);
  if (!realpath(to, kept)) die("no directory", to);
  directory_length = strlen(directory);
  char name[PATH_MAX + 16];
  snprintf(name, sizeof name, "%s/journal", kept);
  journal = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (journal < 0) die("cannot write", name);
}

static int ends_with(const char *path, const char *end) {
  size_t n = strlen(path), m = strlen(end);
  return n >= m && strcmp(path + n - m, end) == 0;
}

// The index of the write-ahead log is rebuilt from it; the lock file and its number mean nothing after a restart.
static int is_watched(const char *path) {
  return journal >= 0 && strncmp(path, directory, directory_length) == 0 &&
         (path[directory_length] == '/' || path[directory_length] == 0) && !ends_with(path, "-shm") &&
         !ends_with(path, "/iot.lock") && !ends_with(path, "/iot.pid");
}

static int full_path(int at, const char *path, char *full) {
  char parent[PATH_MAX], base[PATH_MAX];
  if (path[0] != '/' && at != AT_FDCWD) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t n = readlink(link, parent, sizeof parent - 1);
    if (n < 0) return 0;
    parent[n] = 0;
    snprintf(base, sizeof base, "%s/%s", parent, path);
  } else {
    snprintf(base, sizeof base, "%s", path);
  }
  if (realpath(base, full)) return 1; // it is there
  char *slash = strrchr(base, '/');
  const char *name = slash ? slash + 1 : base;
  if (slash) *slash = 0;
  if (!realpath(slash ? (*base ? base : "/") : ".", parent)) return 0;
  snprintf(full, PATH_MAX, "%s/%s", parent, name);
  return 1;
}

static uint64_t inode_of(const char *path) {
  struct stat s;
  return lstat(path, &s) == 0 ? s.st_ino : 0;
}

static uint64_t parent_of(const char *path) {
  char parent[PATH_MAX];
  snprintf(parent, sizeof parent, "%s", path);
  *strrchr(parent, '/') = 0;
  return inode_of(parent);
}

// Before what it says is done: killed in between, the operation is one that may have been on its way to the disk.
static void note(struct record r, const void *old, const void *new, const char *name, const char *other) {
  r.magic = MAGIC;
  if (r.type != SYNC && r.type != DOOM) r.seq = ++last_seq;
  r.name_length = name ? strlen(name) : 0;
  r.other_name_length = other ? strlen(other) : 0;
  struct iovec parts[] = {{&r, sizeof r}, {(void *)old, r.old_length}, {(void *)new, r.new_length},
                          {(void *)name, r.name_length}, {(void *)other, r.other_name_length}};
  size_t length = 0;
  for (int i = 0; i < 5; i++) length += parts[i].iov_len;
  if (syscall(SYS_writev, journal, parts, 5) != (ssize_t)length) die("cannot write", "journal");
}

// A file that loses its name must not lose its content: the loss of the name may not last.
static void keep(const char *path, uint64_t inode) {
  char name[PATH_MAX + 32];
  snprintf(name, sizeof name, "%s/i%llu", kept, (unsigned long long)inode);
  if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, name, 0) != 0 && errno != EEXIST) die("cannot keep", path);
}

static int is_file(int fd) {
  struct stat s;
  return fd >= 0 && fd < FILES && watched[fd] != NOT_WATCHED && fstat(fd, &s) == 0 && s.st_ino == watched[fd];
}

static uint64_t size_of(int fd) {
  struct stat s;
  if (fstat(fd, &s) != 0) die("no size of", "a file");
  return s.st_size;
}

static void *read_old(int fd, uint64_t offset, uint64_t length) {
  if (length == 0) return NULL;
  char *bytes = malloc(length), link[64];
  int from = fd;
  if ((flags_of[fd] & O_ACCMODE) == O_WRONLY) {
    // Never closed: closing would give up the locks that the process has on the file.
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    from = syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
  }
  for (uint64_t done = 0; done < length;) {
    ssize_t n = syscall(SYS_pread64, from, bytes + done, length - done, offset + done);
    if (n <= 0) die("cannot read what was in", "a file");
    done += n;
  }
  return bytes;
}

static void note_sync(uint32_t type, uint64_t inode, uint64_t upto) {
  note((struct record){.type = type, .inode = inode, .offset = upto}, NULL, NULL, NULL, NULL);
}

static void note_truncate(int fd, uint64_t size) {
  uint64_t before = size_of(fd), cut = before > size ? before - size : 0;
  void *old = read_old(fd, size, cut);
  note((struct record){.type = TRUNCATE, .inode = watched[fd], .offset = size, .size = before, .old_length = cut},
       old, NULL, NULL, NULL);
  free(old);
}

static int every(uint32_t n, uint32_t count) { return n != 0 && count % n == 0; }

// offset < 0: where the descriptor stands.
static ssize_t write_parts(int fd, const struct iovec *parts, int count, off64_t offset) {
  pthread_mutex_lock(&gate);
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  char *bytes = malloc(length + 1), *end = bytes;
  for (int i = 0; i < count; i++) end = mempcpy(end, parts[i].iov_base, parts[i].iov_len);
  uint64_t size = size_of(fd), at = offset >= 0                    ? (uint64_t)offset
                                    : flags_of[fd] & O_APPEND ? size
                                                              : (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
  ssize_t done = -1;
  int failure = 0;
  writes++;
  if (every(control->write_fails_every, writes)) {
    failure = control->write_errno ? control->write_errno : EIO;
  } else {
    if (every(control->write_is_torn_every, writes)) {
      length /= 2; // a short write: the caller has to go on, or fail
    }
    uint64_t old_length = at >= size ? 0 : at + length > size ? size - at : length;
    void *old = read_old(fd, at, old_length);
    note((struct record){.type = WRITE, .inode = watched[fd], .offset = at, .size = size, .old_length = old_length, .new_length = length},
         old, bytes, NULL, NULL);
    free(old);
    done = offset >= 0 ? syscall(SYS_pwrite64, fd, bytes, length, at) : syscall(SYS_write, fd, bytes, length);
    failure = done < 0 ? errno : 0;
    if (done >= 0 && flags_of[fd] & O_DSYNC) note_sync(SYNC, watched[fd], last_seq);
  }
  pthread_mutex_unlock(&gate);
  free(bytes);
  errno = failure;
  return done;
}

static int sync_file(int fd, long call) {
  if (!is_file(fd)) return syscall(call, fd);
  pthread_mutex_lock(&gate);
  uint64_t inode = watched[fd], upto = last_seq;
  int fails = every(control->sync_fails_every, ++syncs);
  pthread_mutex_unlock(&gate);
  if (control->sync_delay_ms) {
    struct timespec t = {control->sync_delay_ms / 1000, control->sync_delay_ms % 1000 * 1000000L};
    nanosleep(&t, NULL);
  }
  int result = fails ? (errno = EIO, -1) : syscall(call, fd), failure = errno;
  pthread_mutex_lock(&gate);
  // After a failed sync Linux takes the pages for clean, so that no later sync makes them durable.
  note_sync(result == 0 ? SYNC : DOOM, inode, upto);
  pthread_mutex_unlock(&gate);
  errno = failure;
  return result;
}

static int open_file(int at, const char *path, int flags, mode_t mode) {
  char full[PATH_MAX];
  if (journal < 0 || (flags & O_TMPFILE) == O_TMPFILE || !full_path(at, path, full) || !is_watched(full)) {
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < FILES) watched[fd] = NOT_WATCHED;
    return fd;
  }
  pthread_mutex_lock(&gate);
  if (flags & O_CREAT && inode_of(full) == 0)
    note((struct record){.type = CREATE, .inode = parent_of(full)}, NULL, NULL, full, NULL);
  int fd = syscall(SYS_openat, at, path, flags & ~O_TRUNC, mode), failure = errno;
  if (fd >= FILES) die("too many", "descriptors");
  if (fd >= 0) {
    watched[fd] = inode_of(full);
    flags_of[fd] = flags;
    if (flags & O_TRUNC && size_of(fd) > 0) {
      note_truncate(fd, 0);
      syscall(SYS_ftruncate, fd, 0);
    }
  }
  pthread_mutex_unlock(&gate);
  errno = failure;
  return fd;
}

static mode_t mode_in(int flags, va_list list) { return flags & O_CREAT ? va_arg(list, mode_t) : 0; }

#define OPEN(name, at, ...)                                                                                            \
  int name(__VA_ARGS__, int flags, ...) {                                                                              \
    va_list list;                                                                                                      \
    va_start(list, flags);                                                                                             \
    mode_t mode = mode_in(flags, list);                                                                                \
    va_end(list);                                                                                                      \
    return open_file(at, path, flags, mode);                                                                           \
  }
OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, at, int at, const char *path)
OPEN(openat64, at, int at, const char *path)
int __open_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return open_file(AT_FDCWD, path, flags, 0); }
int creat(const char *path, mode_t mode) { return open_file(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int fd) {
  if (fd >= 0 && fd < FILES) watched[fd] = NOT_WATCHED;
  return syscall(SYS_close, fd);
}

static int copied(int from, int to) {
  if (to >= 0 && to < FILES && from >= 0 && from < FILES) watched[to] = watched[from], flags_of[to] = flags_of[from];
  return to;
}
int dup(int fd) { return copied(fd, syscall(SYS_dup, fd)); }
int dup2(int fd, int to) { return fd == to ? to : copied(fd, syscall(SYS_dup3, fd, to, 0)); }
int dup3(int fd, int to, int flags) { return copied(fd, syscall(SYS_dup3, fd, to, flags)); }

ssize_t write(int fd, const void *bytes, size_t length) {
  return is_file(fd) ? write_parts(fd, &(struct iovec){(void *)bytes, length}, 1, -1) : syscall(SYS_write, fd, bytes, length);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  return is_file(fd) ? write_parts(fd, parts, count, -1) : syscall(SYS_writev, fd, parts, count);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  return is_file(fd) ? write_parts(fd, &(struct iovec){(void *)bytes, length}, 1, offset)
                     : syscall(SYS_pwrite64, fd, bytes, length, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) { return pwrite64(fd, bytes, length, offset); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return is_file(fd) ? write_parts(fd, parts, count, offset) : syscall(SYS_pwritev, fd, parts, count, offset, 0);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return pwritev64(fd, parts, count, offset); }

int ftruncate64(int fd, off64_t size) {
  if (!is_file(fd)) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&gate);
  note_truncate(fd, size);
  int result = syscall(SYS_ftruncate, fd, size), failure = errno;
  pthread_mutex_unlock(&gate);
  errno = failure;
  return result;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int truncate64(const char *path, off64_t size) {
  int fd = open_file(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  int result = ftruncate64(fd, size);
  close(fd);
  return result;
}
int truncate(const char *path, off_t size) { return truncate64(path, size); }

// It may grow the file; what it does otherwise nobody here asks for.
int fallocate64(int fd, int mode, off64_t offset, off64_t length) {
  if (!is_file(fd)) return syscall(SYS_fallocate, fd, mode, offset, length);
  if (mode != 0) die("not watched:", "fallocate");
  return (uint64_t)(offset + length) > size_of(fd) ? ftruncate64(fd, offset + length) : 0;
}
int fallocate(int fd, int mode, off_t offset, off_t length) { return fallocate64(fd, mode, offset, length); }
int posix_fallocate64(int fd, off64_t offset, off64_t length) { return fallocate64(fd, 0, offset, length) == 0 ? 0 : errno; }
int posix_fallocate(int fd, off_t offset, off_t length) { return posix_fallocate64(fd, offset, length); }

int fsync(int fd) { return sync_file(fd, SYS_fsync); }
int fdatasync(int fd) { return sync_file(fd, SYS_fdatasync); }

int unlinkat(int at, const char *path, int flags) {
  char full[PATH_MAX];
  uint64_t inode;
  if (journal < 0 || flags & AT_REMOVEDIR || !full_path(at, path, full) || !is_watched(full) || !(inode = inode_of(full)))
    return syscall(SYS_unlinkat, at, path, flags);
  pthread_mutex_lock(&gate);
  keep(full, inode);
  note((struct record){.type = UNLINK, .inode = parent_of(full), .other = inode}, NULL, NULL, full, NULL);
  int result = syscall(SYS_unlinkat, at, path, flags), failure = errno;
  pthread_mutex_unlock(&gate);
  errno = failure;
  return result;
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int remove(const char *path) { return unlinkat(AT_FDCWD, path, 0) == 0 || errno != EISDIR ? 0 : rmdir(path); }

int renameat(int at, const char *path, int at2, const char *path2) {
  char from[PATH_MAX], to[PATH_MAX];
  if (journal < 0 || !full_path(at, path, from) || !full_path(at2, path2, to) || !is_watched(to))
    return syscall(SYS_renameat2, at, path, at2, path2, 0);
  if (!is_watched(from)) die("not watched:", "a file that is moved into the directory");
  pthread_mutex_lock(&gate);
  uint64_t lost = inode_of(to);
  if (lost) keep(to, lost);
  note((struct record){.type = RENAME, .inode = parent_of(to), .other = lost}, NULL, NULL, from, to);
  int result = syscall(SYS_renameat2, at, path, at2, path2, 0), failure = errno;
  pthread_mutex_unlock(&gate);
  errno = failure;
  return result;
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int mkdirat(int at, const char *path, mode_t mode) {
  char full[PATH_MAX];
  if (journal >= 0 && full_path(at, path, full) && is_watched(full) && inode_of(full) == 0) {
    pthread_mutex_lock(&gate);
    note((struct record){.type = MKDIR, .inode = parent_of(full)}, NULL, NULL, full, NULL);
    pthread_mutex_unlock(&gate);
  }
  return syscall(SYS_mkdirat, at, path, mode);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

// What would change a file behind our back ends the process, so that a test fails and does not believe.
int linkat(int at, const char *path, int at2, const char *path2, int flags) {
  char full[PATH_MAX];
  if (journal >= 0 && full_path(at2, path2, full) && is_watched(full)) die("not watched:", "link");
  return syscall(SYS_linkat, at, path, at2, path2, flags);
}
int link(const char *path, const char *path2) { return linkat(AT_FDCWD, path, AT_FDCWD, path2, 0); }
void *mmap64(void *address, size_t length, int protection, int flags, int fd, off64_t offset) {
  if (fd >= 0 && flags & MAP_SHARED && protection & PROT_WRITE && is_file(fd)) die("not watched:", "mmap");
  return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
  return mmap64(address, length, protection, flags, fd, offset);
}
ssize_t sendfile64(int to, int from, off64_t *offset, size_t length) {
  if (is_file(to)) return errno = EINVAL, -1; // callers have another way
  return syscall(SYS_sendfile, to, from, offset, length);
}
ssize_t sendfile(int to, int from, off_t *offset, size_t length) { return sendfile64(to, from, offset, length); }
ssize_t copy_file_range(int from, off64_t *from_offset, int to, off64_t *to_offset, size_t length, unsigned flags) {
  if (is_file(to)) return errno = EXDEV, -1;
  return syscall(SYS_copy_file_range, from, from_offset, to, to_offset, length, flags);
}

// .NET asks libc itself for what a program imports by [LibraryImport("libc")], so these would pass us by.
void *dlsym(void *handle, const char *name) {
  static void *(*real)(void *, const char *);
  if (!real) {
    const char *versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
    for (int i = 0; i < 3 && !real; i++) real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  }
  void *found = real(handle, name);
  return !found                        ? NULL
         : !strcmp(name, "open")       ? (void *)open
         : !strcmp(name, "close")      ? (void *)close
         : !strcmp(name, "fsync")      ? (void *)fsync
         : !strcmp(name, "fdatasync")  ? (void *)fdatasync
                                       : found;
}
