-- Version 5: when an entry was made, and when what it names was first seen; null where that is not known.

ALTER TABLE directory_entry ADD COLUMN created_at bigint, ADD COLUMN seen_at bigint;
