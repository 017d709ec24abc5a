-- +goose Up
CREATE TABLE desk_groups (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES issuer_accounts (id),
    version     INTEGER NOT NULL, -- counts its changes, for swaps
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    public      INTEGER NOT NULL,
    deleted     INTEGER NOT NULL, -- kept all the same: tickets name it
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (account_id, id)
) STRICT;

-- The group of a ticket that has one. It is no column of the ticket: a snapshot is
-- put back table by table, from the oldest, and a ticket could not name a group that
-- comes after it.
CREATE TABLE desk_ticket_groups (
    account_id INTEGER NOT NULL,
    ticket     INTEGER NOT NULL,
    group_id   INTEGER NOT NULL,
    PRIMARY KEY (account_id, ticket),
    FOREIGN KEY (account_id, ticket) REFERENCES desk_tickets (account_id, number) ON DELETE CASCADE,
    FOREIGN KEY (account_id, group_id) REFERENCES desk_groups (account_id, id)
) STRICT;
