-- Version 7: when an entry was made, and when what it names was first seen; null where that is not known.
ALTER TABLE directory_entry ADD COLUMN created_at INTEGER;
ALTER TABLE directory_entry ADD COLUMN seen_at INTEGER;
