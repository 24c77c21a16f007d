-- Who may do what: projects, roles, bindings, service accounts, secrets that were given out, and the log of changes.
-- Times are microseconds since 1970 in UTC. Lists are JSON text.

CREATE TABLE project (
    sid        TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    owns       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT   NOT NULL
);

CREATE TABLE role (
    project     TEXT   NOT NULL REFERENCES project (sid) ON DELETE CASCADE,
    name        TEXT   NOT NULL,
    title       TEXT   NOT NULL,
    permissions TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT   NOT NULL,
    PRIMARY KEY (project, name)
);

-- A binding's project may be `*`, every project, so it refers to none.
CREATE TABLE binding (
    project      TEXT   NOT NULL,
    principal    TEXT   NOT NULL,
    roles        TEXT   NOT NULL,
    repositories TEXT,
    created_at   BIGINT NOT NULL,
    created_by   TEXT   NOT NULL,
    PRIMARY KEY (project, principal)
);

CREATE INDEX binding_by_principal ON binding (principal, project);

CREATE TABLE service_account (
    project     TEXT   NOT NULL REFERENCES project (sid) ON DELETE CASCADE,
    sid         TEXT   NOT NULL,
    email       TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    created_by  TEXT   NOT NULL,
    PRIMARY KEY (project, sid)
);

-- Of the secret itself only its SHA-256 is known, in hexadecimal. A refresh token's parent is the credential that it came from.
CREATE TABLE issued_secret (
    id                 TEXT   NOT NULL PRIMARY KEY,
    digest             TEXT   NOT NULL UNIQUE,
    kind               TEXT   NOT NULL,
    principal          TEXT   NOT NULL,
    principal_kind     TEXT   NOT NULL,
    expires_at         BIGINT,
    limit_project      TEXT,
    limit_permissions  TEXT,
    limit_repositories TEXT,
    parent             TEXT   REFERENCES issued_secret (id),
    hint               TEXT   NOT NULL,
    label              TEXT   NOT NULL,
    created_at         BIGINT NOT NULL,
    created_by         TEXT   NOT NULL,
    last_used_at       BIGINT
);

CREATE INDEX issued_secret_by_principal ON issued_secret (principal, created_at);
CREATE INDEX issued_secret_by_parent ON issued_secret (parent);
CREATE INDEX issued_secret_by_limit ON issued_secret (limit_project);
CREATE INDEX issued_secret_by_expiry ON issued_secret (expires_at);

-- One row: the generation of the newest change of access.
CREATE TABLE access_generation (
    generation BIGINT NOT NULL
);

INSERT INTO access_generation (generation) VALUES (0);

-- What each generation changed, for those who hold it in memory.
CREATE TABLE access_change (
    generation BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    PRIMARY KEY (generation, kind, subject)
);
