-- +goose Up
-- What waits for a webhook that does not answer is bounded.

ALTER TABLE broker_webhooks ADD COLUMN on_since INTEGER NOT NULL DEFAULT 0; -- machine time; when it was last enabled by hand; 0: never
ALTER TABLE broker_webhooks ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0; -- deliveries that were too many, since then
