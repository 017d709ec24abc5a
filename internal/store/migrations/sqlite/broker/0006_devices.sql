-- +goose Up
-- A program on a device without a browser, or on a command line, that waits until a
-- person allows it (RFC 8628). Both codes are digests. That of the user code can be
-- guessed by whoever reads this table while the code lives, ten minutes; it gives no
-- more than typing it in would: to allow the program with one's own sign-in.

CREATE TABLE broker_devices (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    device_digest BLOB    NOT NULL UNIQUE,
    user_digest   BLOB    NOT NULL UNIQUE,
    program       TEXT    NOT NULL, -- what it calls itself
    account       TEXT    NOT NULL, -- subdomain; empty: the person says it
    product       TEXT    NOT NULL,
    scope         TEXT    NOT NULL,
    address       TEXT    NOT NULL, -- where it asked from
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    pause         INTEGER NOT NULL, -- seconds between two questions of the program
    polled_at     INTEGER NOT NULL, -- its last question
    state         TEXT    NOT NULL, -- open | allowed | denied | spent
    connection_id INTEGER NOT NULL  -- with which it was allowed; 0: none
) STRICT;

CREATE INDEX broker_devices_expires ON broker_devices (expires_at, address);

ALTER TABLE broker_flows ADD COLUMN device_id INTEGER NOT NULL DEFAULT 0; -- 0: none
