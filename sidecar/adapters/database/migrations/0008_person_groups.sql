-- The groups of people as a sign-in elsewhere told them last. Times are microseconds since 1970.

CREATE TABLE person_groups (
    email   TEXT   NOT NULL PRIMARY KEY,
    groups  TEXT   NOT NULL,
    told_at BIGINT NOT NULL
);

CREATE INDEX person_groups_by_time ON person_groups (told_at);
