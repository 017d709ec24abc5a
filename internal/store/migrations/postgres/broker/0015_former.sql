-- +goose Up
-- Whose person authorized again has new tokens; the ones from before are kept by a
-- pending row until they are ended at Zendesk. It says of which connection they were.

ALTER TABLE broker_connections ADD COLUMN former_of BIGINT NOT NULL DEFAULT 0; -- 0: of none
