-- +goose Up
-- A client is found by its words, whichever letters are capitals, on either engine;
-- and a key that reaches some connections finds their passes without reading all.

ALTER TABLE broker_clients ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- what it is found by, in small letters; empty: the program fills it in when it starts, for no SQL of both engines makes every letter small

CREATE INDEX broker_passes_of_connection ON broker_passes (connection_id, id);
