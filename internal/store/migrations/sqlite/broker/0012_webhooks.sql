-- +goose Up
-- Webhooks, and what is told to them. A change writes its notice in its own step; the
-- notice becomes a delivery for each webhook that asks for its type. Deliveries name
-- their webhook without a foreign key: no change may fail because one is removed.
-- Times of deliveries are this machine's, but for that of what they tell.

CREATE TABLE broker_webhooks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    url        TEXT NOT NULL,
    state      TEXT NOT NULL, -- new (serves nobody yet) | on | gone (it answered 410)
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE broker_webhook_types (
    webhook_id INTEGER NOT NULL REFERENCES broker_webhooks (id) ON DELETE CASCADE,
    type       TEXT NOT NULL,
    PRIMARY KEY (type, webhook_id)
) STRICT;
CREATE INDEX broker_webhook_types_of ON broker_webhook_types (webhook_id);

CREATE TABLE broker_webhook_secrets (
    webhook_id INTEGER NOT NULL REFERENCES broker_webhooks (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL, -- the highest is the present one
    sealed     BLOB NOT NULL,
    key_id     INTEGER NOT NULL, -- sealing key
    added_at   INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL, -- 0: does not
    PRIMARY KEY (webhook_id, number)
) STRICT;

CREATE TABLE broker_notices (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE TABLE broker_deliveries (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL,
    message    TEXT NOT NULL, -- the same whenever it is sent
    at         INTEGER NOT NULL, -- of what it tells
    type       TEXT NOT NULL,
    body       TEXT NOT NULL,
    state      TEXT NOT NULL, -- pending | delivered | failed
    tries      INTEGER NOT NULL,
    next_at    INTEGER NOT NULL, -- of a pending one
    last_at    INTEGER NOT NULL,
    status     INTEGER NOT NULL, -- of the last answer; 0: there was none
    reason     TEXT NOT NULL -- why the last try failed
) STRICT;
CREATE INDEX broker_deliveries_due ON broker_deliveries (webhook_id, next_at) WHERE state = 'pending';
CREATE INDEX broker_deliveries_of ON broker_deliveries (webhook_id, id);
CREATE INDEX broker_deliveries_over ON broker_deliveries (last_at) WHERE state <> 'pending';

ALTER TABLE broker_connections ADD COLUMN warned_generation INTEGER NOT NULL DEFAULT 0; -- it was said of that one that its refresh token dies soon
