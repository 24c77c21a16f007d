-- Who did what. Times are microseconds since 1970. `project` is null for what is the installation's; `before` and
-- `after` are objects of JSON. `gathered` is unique to what is told once for a stretch of time, with how often.

CREATE TABLE audit (
    id            INTEGER NOT NULL PRIMARY KEY,
    at            BIGINT  NOT NULL,
    project       TEXT,
    actor         TEXT    NOT NULL,
    actor_kind    TEXT    NOT NULL,
    credential    TEXT,
    address       TEXT    NOT NULL,
    request       TEXT    NOT NULL,
    action        TEXT    NOT NULL,
    resource_type TEXT    NOT NULL,
    resource      TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    before        TEXT,
    after         TEXT,
    count         BIGINT  NOT NULL,
    last_at       BIGINT  NOT NULL,
    gathered      TEXT    UNIQUE
);

-- Pages, newest first, of the whole log and of a project's, by one more thing or not, however long the log is.
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_actor ON audit (actor, at, id);
CREATE INDEX audit_by_type ON audit (resource_type, at, id);
CREATE INDEX audit_by_outcome ON audit (outcome, at, id);
CREATE INDEX audit_of_project ON audit (project, at, id);
CREATE INDEX audit_of_project_by_actor ON audit (project, actor, at, id);
CREATE INDEX audit_of_project_by_type ON audit (project, resource_type, at, id);
CREATE INDEX audit_of_project_by_outcome ON audit (project, outcome, at, id);
CREATE INDEX audit_gathered_by_time ON audit (at, id) WHERE gathered IS NOT NULL;

-- Who asked for a change of the registry, by what, from where.
ALTER TABLE intent ADD COLUMN principal_kind TEXT NOT NULL DEFAULT 'person';
ALTER TABLE intent ADD COLUMN credential TEXT;
ALTER TABLE intent ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE intent ADD COLUMN request TEXT NOT NULL DEFAULT '';
