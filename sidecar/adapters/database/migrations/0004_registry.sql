-- What listings of the registry need. `deleted_at` and `pulled_at` are nanoseconds since 1970.

ALTER TABLE repository ADD COLUMN deleted_at BIGINT;

ALTER TABLE repository ADD COLUMN pulled_at BIGINT;

UPDATE repository
   SET pulled_at = (SELECT max(pulled_at) FROM manifest WHERE manifest.repository = repository.id);

-- Pages of tags and manifests, newest first, however many there are.
CREATE INDEX tag_by_move ON tag (repository, moved_at, name) WHERE digest IS NOT NULL AND fallback = 0;

CREATE INDEX manifest_by_age ON manifest (repository, created_at, digest) WHERE gone = 0;
