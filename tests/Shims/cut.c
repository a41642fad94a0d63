// The power cut: cut <journal directory> <seed> <percent> <torn>. Takes back everything below POWERCUT_DIR that was not
// durable when the process died, then lets <percent> of it have reached the disk after all, write by write, or with
// <torn> sector by sector; changes of names in their order, as a journaling file system keeps them.
#define _GNU_SOURCE
#include "powercut.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512 };

struct operation {
  struct record r;
  char *old, *new, *name, *other;
  uint64_t created;
  int durable;
};

static struct operation *all;
static size_t count;
static const char *kept;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static char *copy(const char **from, size_t length) {
  char *to = malloc(length + 1);
  memcpy(to, *from, length);
  to[length] = 0;
  *from += length;
  return to;
}

static char *kept_name(uint64_t inode) {
  char *name;
  if (asprintf(&name, "%s/i%llu", kept, (unsigned long long)inode) < 0) die("asprintf");
  return name;
}

// Of a failed sync what was written afterwards may last though what lies below does not, so then all of it is done again.
static int any_sync_failed;

static int is_data(const struct operation *o) { return o->r.type == WRITE || o->r.type == TRUNCATE; }

static int is_undone(const struct operation *o) {
  return o->r.type < SYNC && (!o->durable || (any_sync_failed && is_data(o)));
}

static void keep(const char *path, uint64_t inode) {
  char *name = kept_name(inode);
  if (link(path, name) != 0 && errno != EEXIST) die(path);
  free(name);
}

static int keep_needed(const char *path, const struct stat *s, int type, struct FTW *walk) {
  (void)walk;
  size_t n = strlen(path);
  if (n > 4 && !strcmp(path + n - 4, "-shm")) {
    unlink(path);
  } else if (type == FTW_F) {
    for (size_t i = 0; i < count; i++)
      if (is_data(&all[i]) && is_undone(&all[i]) && all[i].r.inode == s->st_ino) {
        keep(path, s->st_ino);
        break;
      }
  }
  return 0;
}

static void read_journal(void) {
  char *path;
  if (asprintf(&path, "%s/journal", kept) < 0) die("asprintf");
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  struct stat s;
  fstat(fileno(file), &s);
  char *bytes = malloc(s.st_size + 1);
  size_t length = fread(bytes, 1, s.st_size, file);
  const char *at = bytes, *end = bytes + length;
  all = calloc(length / sizeof(struct record) + 1, sizeof *all);
  while ((size_t)(end - at) >= sizeof(struct record)) {
    struct operation *o = &all[count];
    memcpy(&o->r, at, sizeof o->r);
    if (o->r.magic != MAGIC) die("a damaged journal");
    size_t rest = (size_t)o->r.old_length + o->r.new_length + o->r.name_length + o->r.other_name_length;
    if ((size_t)(end - at) < sizeof o->r + rest) break; // killed while it wrote this, so it did not do this
    at += sizeof o->r;
    o->old = copy(&at, o->r.old_length);
    o->new = copy(&at, o->r.new_length);
    o->name = copy(&at, o->r.name_length);
    o->other = copy(&at, o->r.other_name_length);
    count++;
  }
}

// What happened to it first after it was done: a sync that succeeded, or one that failed.
static void find_durable(void) {
  size_t *syncs = calloc(count + 1, sizeof *syncs), n = 0, next = 0;
  for (size_t i = 0; i < count; i++)
    if (all[i].r.type >= SYNC) {
      syncs[n++] = i;
      any_sync_failed |= all[i].r.type == DOOM;
    }
  for (size_t i = 0; i < count; i++) {
    while (next < n && syncs[next] < i) next++;
    for (size_t s = next; s < n && all[i].r.type < SYNC; s++) {
      struct record *sync = &all[syncs[s]].r;
      if (sync->inode == all[i].r.inode && sync->offset >= all[i].r.seq) {
        all[i].durable = sync->type == SYNC;
        break;
      }
    }
  }
  free(syncs);
}

static int open_kept(uint64_t inode) {
  char *name = kept_name(inode);
  int fd = open(name, O_RDWR);
  free(name);
  return fd; // < 0: created under a name that was never there, as when the kill came in between
}

static void put(int fd, const char *bytes, size_t length, off_t offset) {
  if (length && pwrite(fd, bytes, length, offset) != (ssize_t)length) die("pwrite");
}

static void undo(struct operation *o) {
  int fd = is_data(o) ? open_kept(o->r.inode) : -1;
  char *lost = o->r.other ? kept_name(o->r.other) : NULL;
  switch (o->r.type) {
  case WRITE:
    if (fd >= 0) put(fd, o->old, o->r.old_length, o->r.offset);
    if (fd >= 0 && ftruncate(fd, o->r.size) != 0) die("ftruncate");
    break;
  case TRUNCATE:
    if (fd >= 0 && ftruncate(fd, o->r.size) != 0) die("ftruncate");
    if (fd >= 0) put(fd, o->old, o->r.old_length, o->r.offset);
    break;
  case CREATE: {
    struct stat s;
    if (lstat(o->name, &s) == 0) {
      o->created = s.st_ino;
      keep(o->name, s.st_ino);
      unlink(o->name);
    }
    break;
  }
  case UNLINK:
    if (link(lost, o->name) != 0 && errno != EEXIST) die(o->name);
    break;
  case RENAME:
    if (rename(o->other, o->name) != 0 && errno != ENOENT) die(o->other);
    if (lost && link(lost, o->other) != 0 && errno != EEXIST) die(o->other);
    break;
  case MKDIR:
    rmdir(o->name);
  }
  if (fd >= 0) close(fd);
}

static void redo(struct operation *o, int percent, int torn) {
  int fd = is_data(o) ? open_kept(o->r.inode) : -1;
  switch (o->r.type) {
  case WRITE:
    for (uint64_t from = 0; fd >= 0 && from < o->r.new_length;) {
      uint64_t to = torn ? from + SECTOR - (o->r.offset + from) % SECTOR : o->r.new_length;
      if (to > o->r.new_length) to = o->r.new_length;
      if (!torn || rand() % 100 < percent) put(fd, o->new + from, to - from, o->r.offset + from);
      from = to;
    }
    break;
  case TRUNCATE:
    if (fd >= 0 && ftruncate(fd, o->r.offset) != 0) die("ftruncate");
    break;
  case CREATE:
    if (o->created && link(kept_name(o->created), o->name) != 0) die(o->name);
    break;
  case UNLINK:
    unlink(o->name);
    break;
  case RENAME:
    if (rename(o->name, o->other) != 0 && errno != ENOENT) die(o->name);
    break;
  case MKDIR:
    mkdir(o->name, 0700);
  }
  if (fd >= 0) close(fd);
}

int main(int n, char **arguments) {
  if (n != 5) return fprintf(stderr, "usage: cut JOURNAL SEED PERCENT TORN\n"), 2;
  kept = arguments[1];
  srand(atoi(arguments[2]));
  int percent = atoi(arguments[3]), torn = atoi(arguments[4]);
  const char *directory = getenv("POWERCUT_DIR");
  if (!directory) return fprintf(stderr, "POWERCUT_DIR is not set\n"), 2;
  read_journal();
  find_durable();
  if (nftw(directory, keep_needed, 16, FTW_PHYS) != 0) die(directory);
  size_t open = 0, names = 0, survived = 0;
  for (size_t i = count; i-- > 0;)
    if (is_undone(&all[i])) {
      undo(&all[i]);
      open += !all[i].durable;
      names += !is_data(&all[i]);
    }
  size_t lasting = percent ? rand() % (names + 1) : 0;
  for (size_t i = 0; i < count; i++)
    if (is_undone(&all[i]) && all[i].durable) {
      redo(&all[i], 100, 0);
    } else if (is_undone(&all[i])) {
      int survives = is_data(&all[i]) ? percent && (torn || rand() % 100 < percent) : lasting && lasting--;
      if (survives) {
        redo(&all[i], percent, torn);
        survived++;
      }
    }
  printf("%zu operations, %zu not durable, %zu of them survived\n", count, open, survived);
  return 0;
}
