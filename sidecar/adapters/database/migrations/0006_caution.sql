-- How much verifications have removed of late, so that they stop before it is much; `at` is microseconds since 1970.
CREATE TABLE verified_removal (
    at     BIGINT NOT NULL,
    things BIGINT NOT NULL
);

CREATE INDEX verified_removal_by_time ON verified_removal (at);

-- 1 where a sweep was asked for because verifications would remove much: until it has ended they remove nothing.
ALTER TABLE sweep ADD COLUMN guards INTEGER NOT NULL DEFAULT 0;
