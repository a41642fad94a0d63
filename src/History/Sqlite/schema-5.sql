-- Version 5: the audit. Times are UTC ticks: 100 ns since 0001-01-01. Rows are added and never changed.

CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    tenant     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor_kind INTEGER NOT NULL, -- AuditActor
    subject    TEXT NOT NULL,
    name       TEXT NOT NULL,
    address    TEXT NOT NULL,
    action     TEXT NOT NULL,
    thing_type TEXT NOT NULL,
    thing_id   TEXT NOT NULL,
    result     INTEGER NOT NULL, -- AuditResult
    status     INTEGER NOT NULL,
    failure    TEXT NOT NULL,
    reason     TEXT NOT NULL,
    count      INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_at ON audit (tenant, at); -- and id, as every index of SQLite ends with it

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'The audit is append-only.');
END;

CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'The audit is append-only.');
END;

-- INSERT OR REPLACE would delete without asking the trigger above.
CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'The audit is append-only.');
END;
