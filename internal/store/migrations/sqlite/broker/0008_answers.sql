-- +goose Up
-- What was answered to requests that carry an idempotency key, so that it can be
-- answered again. It may hold a secret that is shown once, and so is sealed.

CREATE TABLE broker_answers (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    key_id        INTEGER NOT NULL, -- the key of the API that asked
    name_digest   BLOB    NOT NULL, -- of the idempotency key
    fingerprint   BLOB    NOT NULL, -- of method, path and body
    begun_at      INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    status        INTEGER NOT NULL, -- 0: under way, or broken off
    answer_sealed BLOB,
    answer_key_id INTEGER NOT NULL, -- the sealing key
    UNIQUE (key_id, name_digest)
) STRICT;

CREATE INDEX broker_answers_expires ON broker_answers (expires_at);
