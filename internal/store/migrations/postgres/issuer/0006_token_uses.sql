-- +goose Up
-- When a token was used last is written every second, for all that were used. Beside
-- the token it takes a page of the largest table for nearly each of them, which is
-- read, logged and written back; here hundreds share one, and only tokens that were
-- used have a row.
CREATE TABLE issuer_token_uses (
    token_id BIGINT PRIMARY KEY REFERENCES issuer_tokens (id) ON DELETE CASCADE,
    used_at  BIGINT NOT NULL
) WITH (fillfactor = 70); -- room for the next time, so that the index stays as it is
INSERT INTO issuer_token_uses (token_id, used_at) SELECT id, used_at FROM issuer_tokens WHERE used_at IS NOT NULL ORDER BY id;
ALTER TABLE issuer_tokens DROP COLUMN used_at;
