-- +goose Up
-- A link by which one person connects, or authorizes a connection again. Its secret is
-- a digest. It is spent by the sign-in that came back, not by being opened.

CREATE TABLE broker_links (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    digest        BLOB    NOT NULL UNIQUE,
    connection_id INTEGER NOT NULL, -- that is to be authorized again; 0: any person's
    account       TEXT    NOT NULL, -- subdomain; empty: the person says it
    product       TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    return_to     TEXT    NOT NULL,
    key_id        INTEGER NOT NULL, -- the key that made it; 0: a person at the broker
    maker         TEXT    NOT NULL, -- who asks, for the page
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    revoked_at    INTEGER NOT NULL, -- 0: not
    spent_at      INTEGER NOT NULL, -- 0: not
    flow_id       INTEGER NOT NULL, -- that spent it; 0: none
    made_id       INTEGER NOT NULL  -- the connection that it came to; 0: none
) STRICT;

CREATE INDEX broker_links_expires ON broker_links (expires_at);

ALTER TABLE broker_flows ADD COLUMN link_id INTEGER NOT NULL DEFAULT 0; -- 0: none
