-- +goose Up
-- Who is signed in to the broker's own pages, and what they look for there.

ALTER TABLE broker_flows ADD COLUMN purpose TEXT NOT NULL DEFAULT ''; -- empty: to connect | sign_in
ALTER TABLE broker_flows ADD COLUMN invitation BLOB; -- digest; NULL: none

CREATE TABLE broker_sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB    NOT NULL UNIQUE,
    account    TEXT    NOT NULL, -- subdomain; with user_id: who it is
    user_id    INTEGER NOT NULL,
    user_name  TEXT    NOT NULL,
    user_email TEXT    NOT NULL,
    user_role  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    checked_at INTEGER NOT NULL -- when Zendesk last told user and role
) STRICT;

CREATE INDEX broker_sessions_checked ON broker_sessions (checked_at);

-- Operators by name. The admins of --operators are none of these.
CREATE TABLE broker_operators (
    account    TEXT    NOT NULL,
    user_id    INTEGER NOT NULL,
    user_name  TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account, user_id)
) STRICT;

-- The link that lets the first operator in: one row at most.
CREATE TABLE broker_invitations (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    digest     BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- What a connection is found by: its user's name and email and its account, in small
-- letters, bounded.
ALTER TABLE broker_connections ADD COLUMN words TEXT NOT NULL DEFAULT '';

UPDATE broker_connections SET words = lower(substr(user_name, 1, 60) || ' ' || substr(user_email, 1, 60) || ' ' || account);

-- A list is read in the order of the numbers, from an index that holds all that it is
-- filtered by: the rows themselves are wide, with sealed tokens in them.
CREATE INDEX broker_connections_listed ON broker_connections (id, state, account, product, client_id, words);
CREATE INDEX broker_connections_counted ON broker_connections (state, account, product, client_id);
CREATE INDEX broker_connections_person ON broker_connections (account, user_id);
