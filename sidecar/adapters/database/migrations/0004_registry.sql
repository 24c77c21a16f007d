-- What listings and changes of the registry need. `deleted_at` and `pulled_at` are nanoseconds since 1970.

ALTER TABLE repository ADD COLUMN deleted_at BIGINT;

ALTER TABLE repository ADD COLUMN pulled_at BIGINT;

UPDATE repository
   SET pulled_at = (SELECT max(pulled_at) FROM manifest WHERE manifest.repository = repository.id);

-- Pages of tags and manifests, newest first, however many there are.
CREATE INDEX tag_by_move ON tag (repository, moved_at, name) WHERE digest IS NOT NULL AND fallback = 0;

CREATE INDEX manifest_by_age ON manifest (repository, created_at, digest) WHERE gone = 0;

-- A change that was begun at the registry, and one that was concluded a moment ago: pushes that overlapped it may still
-- have to be put back. `digest` is where the tag pointed, or the manifest to delete; `throwaway` is the manifest that may
-- stand under a tag for a moment, which nobody is to see; `marked_at` is when the registry took it, by its own
-- clock, and `lead` how long before that the change was asked for, both in nanoseconds;
-- `settled` is 1 when nothing has to be put back any more.
CREATE TABLE intent (
    id           TEXT   NOT NULL PRIMARY KEY,
    action       TEXT   NOT NULL,
    repository   TEXT   NOT NULL,
    tag          TEXT,
    digest       TEXT,
    throwaway    TEXT   NOT NULL,
    principal    TEXT   NOT NULL,
    begun_at     BIGINT NOT NULL,
    marked_at    BIGINT,
    lead         BIGINT,
    concluded_at BIGINT,
    settled      INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX intent_by_throwaway ON intent (throwaway);
