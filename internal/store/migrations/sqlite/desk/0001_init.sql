-- +goose Up
CREATE TABLE desk_tickets (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES issuer_accounts (id),
    number       INTEGER NOT NULL, -- the ticket's id on the wire: 1, 2, 3 … within its account
    subject      TEXT    NOT NULL,
    status       TEXT    NOT NULL, -- new | open | pending | hold | solved | closed
    requester_id INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (account_id, number),
    FOREIGN KEY (account_id, requester_id) REFERENCES issuer_users (account_id, id)
) STRICT;

CREATE TABLE desk_comments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    ticket     INTEGER NOT NULL,
    author_id  INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    public     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    FOREIGN KEY (account_id, ticket) REFERENCES desk_tickets (account_id, number) ON DELETE CASCADE,
    FOREIGN KEY (account_id, author_id) REFERENCES issuer_users (account_id, id)
) STRICT;
CREATE INDEX desk_comments_by_ticket ON desk_comments (account_id, ticket);
CREATE INDEX desk_tickets_by_requester ON desk_tickets (account_id, requester_id);
