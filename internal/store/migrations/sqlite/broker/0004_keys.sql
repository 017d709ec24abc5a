-- +goose Up
-- The keys of the broker's API. A key is random, so a fast digest is right; rows stay
-- when a key has ended, so that the audit trail's names mean something.

CREATE TABLE broker_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL,
    digest       BLOB NOT NULL UNIQUE,
    can          TEXT NOT NULL, -- lend | connect | pass | admin, joined by a space
    connections  TEXT NOT NULL, -- their numbers, joined by a space; empty: all
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL, -- 0: never
    last_used_at INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL  -- 0: not
) STRICT;
