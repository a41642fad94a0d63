-- Version 6: which edge of a cluster a session is connected to, so that the sessions of one that died are found.

ALTER TABLE session ADD COLUMN edge text COLLATE "C" NOT NULL DEFAULT '';

CREATE INDEX session_edge ON session (edge) WHERE connected;
