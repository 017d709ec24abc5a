-- +goose Up
-- Families are random numbers, and each insert into an index of them touches a page
-- of its own. Only those with a refresh token can ever have a second member.
DROP INDEX issuer_tokens_by_family;
CREATE INDEX issuer_tokens_by_family ON issuer_tokens (account_id, family_id) WHERE refresh_digest IS NOT NULL OR generation > 1;

-- Lists come in the order of id.
CREATE INDEX issuer_tokens_by_account ON issuer_tokens (account_id, product, id);
DROP INDEX issuer_tokens_by_client;
CREATE INDEX issuer_tokens_by_client ON issuer_tokens (account_id, product, client_id, id);
DROP INDEX issuer_tokens_by_user;
CREATE INDEX issuer_tokens_by_user ON issuer_tokens (account_id, user_id, product, id);

-- A token is noted as used every now and then: a page with room for the row's next
-- version spares each index an entry of its own for it.
ALTER TABLE issuer_tokens SET (fillfactor = 90);
