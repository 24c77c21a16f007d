-- What tells a push that overlapped an untag from one that came before it or after. `known` is the time of the newest event
-- of the tag that the index knew when the untag was asked for; `held` is 1 where the registry still showed `digest` after
-- that; `lead` now counts up to the registry's answer to the throw-away; `unmade_at` is when the throw-away was gone, by
-- the registry's own clock. `looked` is the event of the newest push that was seen to stand, `restored` the digest that
-- was put back last.

ALTER TABLE intent ADD COLUMN known BIGINT NOT NULL DEFAULT 0;

ALTER TABLE intent ADD COLUMN held INTEGER NOT NULL DEFAULT 0;

ALTER TABLE intent ADD COLUMN unmade_at BIGINT;

ALTER TABLE intent ADD COLUMN looked TEXT;

ALTER TABLE intent ADD COLUMN restored TEXT;

ALTER TABLE intent DROP COLUMN settled;
