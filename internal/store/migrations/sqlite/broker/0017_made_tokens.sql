-- +goose Up
-- A token that the broker made at Zendesk by a connection, for a time: when it is to be
-- revoked, and why there is one. What it is, is not kept.

CREATE TABLE broker_made_tokens (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL,
    account       TEXT    NOT NULL, -- subdomain
    token_id      INTEGER NOT NULL, -- its number at Zendesk; 0: none is known
    client_number INTEGER NOT NULL, -- of its client, at Zendesk
    identifier    TEXT    NOT NULL, -- of the same
    scope         TEXT    NOT NULL,
    ticket        INTEGER NOT NULL, -- that it is for; 0: none
    why           TEXT    NOT NULL,
    maker         TEXT    NOT NULL, -- who asked for it
    state         TEXT    NOT NULL, -- asking, living, revoked, left, in_doubt
    reason        TEXT    NOT NULL, -- why it could not be revoked the last time
    asked_at      INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    ended_at      INTEGER NOT NULL, -- 0: not
    tries         INTEGER NOT NULL, -- to revoke it
    next_at       INTEGER NOT NULL  -- when something is to be done about it
) STRICT;

CREATE INDEX broker_made_tokens_next ON broker_made_tokens (state, next_at);
CREATE INDEX broker_made_tokens_of_connection ON broker_made_tokens (connection_id, id);
