-- +goose Up
-- When a client was used last outlives the token by which it was: a refresh ends
-- that one, and pruning deletes it.
ALTER TABLE issuer_clients ADD COLUMN used_at INTEGER;
UPDATE issuer_clients SET used_at = (
    SELECT max(t.used_at) FROM issuer_tokens t
    WHERE t.account_id = issuer_clients.account_id AND t.product = issuer_clients.product AND t.client_id = issuer_clients.id);

-- The audit trail is read from a moment backwards, whole or by what one looks for.
DROP INDEX issuer_events_by_account;
CREATE INDEX issuer_events_of_account ON issuer_events (account_id, at, id);
CREATE INDEX issuer_events_by_actor ON issuer_events (account_id, actor_id, at, id);
CREATE INDEX issuer_events_by_action ON issuer_events (account_id, action, at, id);
CREATE INDEX issuer_events_by_object ON issuer_events (account_id, object, at, id);
