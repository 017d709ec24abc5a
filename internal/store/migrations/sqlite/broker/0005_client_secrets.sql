-- +goose Up
-- A client's secret keeps its number, for which it is sealed, wherever it stands in
-- the order; a number is not given twice, because it is the client's version that the
-- secret came with.

ALTER TABLE broker_clients ADD COLUMN version INTEGER NOT NULL DEFAULT 0; -- raised by every change

UPDATE broker_clients SET version = (SELECT count(*) FROM broker_client_secrets s WHERE s.client_id = broker_clients.id);

ALTER TABLE broker_client_secrets RENAME COLUMN position TO number;
ALTER TABLE broker_client_secrets ADD COLUMN position INTEGER NOT NULL DEFAULT 0; -- tried in this order
ALTER TABLE broker_client_secrets ADD COLUMN added_at INTEGER NOT NULL DEFAULT 0; -- 0: not known
ALTER TABLE broker_client_secrets ADD COLUMN worked_at INTEGER NOT NULL DEFAULT 0; -- Zendesk last gave tokens for it

UPDATE broker_client_secrets SET position = number;
