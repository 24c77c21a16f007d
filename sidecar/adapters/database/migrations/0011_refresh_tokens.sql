-- The newest refresh tokens of a principal, and of a credential, without looking at all that either has.
CREATE INDEX refresh_token_of_principal ON issued_secret (principal, created_at, id) WHERE kind = 'refresh';

CREATE INDEX refresh_token_of_parent ON issued_secret (parent, created_at, id) WHERE kind = 'refresh';
