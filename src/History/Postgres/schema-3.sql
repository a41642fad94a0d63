-- Version 3: the audit. Rows are added and never changed.

CREATE TABLE audit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant     text COLLATE "C" NOT NULL,
    at         bigint NOT NULL,
    actor_kind smallint NOT NULL, -- AuditActor
    subject    text COLLATE "C" NOT NULL,
    name       text COLLATE "C" NOT NULL,
    address    text COLLATE "C" NOT NULL,
    action     text COLLATE "C" NOT NULL,
    thing_type text COLLATE "C" NOT NULL,
    thing_id   text COLLATE "C" NOT NULL,
    result     smallint NOT NULL, -- AuditResult
    status     integer NOT NULL,
    failure    text COLLATE "C" NOT NULL,
    reason     text COLLATE "C" NOT NULL,
    count      bigint NOT NULL
);

CREATE INDEX audit_at ON audit (tenant, at, id);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit is append-only.';
END
$$;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
