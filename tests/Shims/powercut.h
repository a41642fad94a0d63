// What the shim (powercut.c) writes into its journal and the cut (cut.c) reads from it.
#pragma once
#include <stdint.h>

enum { WRITE = 1, TRUNCATE, CREATE, UNLINK, RENAME, MKDIR, SYNC, DOOM };

#define MAGIC 0x54554350u

// Behind it lie old bytes, new bytes, name, other name, as long as it says.
struct record {
  uint32_t magic, type;
  uint64_t seq, inode; // of a change of names the inode of the directory
  uint64_t offset;     // TRUNCATE: the new size; SYNC and DOOM: of which operations, up to and including this number
  uint64_t size;       // of the file before
  uint64_t other;      // UNLINK, RENAME: the inode that lost its name, kept as i<inode> beside the journal; or 0
  uint32_t old_length, new_length, name_length, other_name_length;
};
