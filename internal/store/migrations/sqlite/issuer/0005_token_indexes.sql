-- +goose Up
-- Families are random numbers, and each insert into an index of them touches a page
-- of its own. Only those with a refresh token can ever have a second member.
DROP INDEX issuer_tokens_by_family;
CREATE INDEX issuer_tokens_by_family ON issuer_tokens (account_id, family_id) WHERE refresh_digest IS NOT NULL OR generation > 1;

-- Lists come in the order of id, in which an index has the rows of one key. That of
-- users has the product, too, or the account's would seem as good for a user's list.
CREATE INDEX issuer_tokens_by_account ON issuer_tokens (account_id, product);
DROP INDEX issuer_tokens_by_user;
CREATE INDEX issuer_tokens_by_user ON issuer_tokens (account_id, user_id, product);
