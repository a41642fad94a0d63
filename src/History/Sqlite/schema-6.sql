-- Version 6: readings by number.

-- The least and the greatest number of a chunk's readings; null in chunks of before this version, until they are rewritten.
ALTER TABLE chunk ADD COLUMN least_seq INTEGER;
ALTER TABLE chunk ADD COLUMN greatest_seq INTEGER;

CREATE INDEX chunk_seq ON chunk (topic, greatest_seq, least_seq);
