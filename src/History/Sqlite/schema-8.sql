-- Version 8: which edge of a cluster a session is connected to; empty outside of one.

ALTER TABLE session ADD COLUMN edge TEXT NOT NULL DEFAULT '';
