-- Version 4: readings by number.

CREATE INDEX reading_seq ON reading (topic, seq);
