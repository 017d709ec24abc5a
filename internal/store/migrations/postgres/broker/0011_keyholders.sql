-- +goose Up
-- The brokers that run, and the sealing keys that each has told to have: no value is
-- sealed with a key that one of them lacks.

CREATE TABLE broker_keyholders (
    name  TEXT PRIMARY KEY,
    keys  TEXT NOT NULL, -- their ids, joined by a space
    asked BIGINT NOT NULL -- how many times a key was given out when it told
);
