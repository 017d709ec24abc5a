-- +goose Up
-- The picture of a client stands beside it: lists of clients need its name alone.
ALTER TABLE issuer_clients ADD COLUMN logo TEXT NOT NULL DEFAULT ''; -- empty: none

CREATE TABLE issuer_client_logos (
    account_id BIGINT  NOT NULL,
    product    TEXT    NOT NULL,
    client_id  BIGINT  NOT NULL,
    name       TEXT    NOT NULL, -- from the content
    png        BYTEA   NOT NULL,
    PRIMARY KEY (account_id, product, client_id),
    FOREIGN KEY (account_id, product, client_id) REFERENCES issuer_clients (account_id, product, id) ON DELETE CASCADE
);
CREATE INDEX issuer_client_logos_by_name ON issuer_client_logos (account_id, name);
