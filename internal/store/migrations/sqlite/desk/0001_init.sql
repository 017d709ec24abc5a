-- +goose Up
-- The number of an account's newest ticket. Numbers are never given out twice, and
-- the row makes those who open tickets at the same moment wait for each other.
CREATE TABLE desk_counters (
    account_id INTEGER PRIMARY KEY REFERENCES issuer_accounts (id),
    tickets    INTEGER NOT NULL
) STRICT;

CREATE TABLE desk_tickets (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES issuer_accounts (id),
    number       INTEGER NOT NULL, -- the ticket's id on the wire: 1, 2, 3 … within its account
    version      INTEGER NOT NULL, -- counts its changes, for swaps
    subject      TEXT   NOT NULL, -- empty: it has none
    description  TEXT   NOT NULL, -- its first comment
    status       TEXT   NOT NULL, -- new | open | pending | hold | solved | closed
    priority     TEXT   NOT NULL, -- urgent | high | normal | low; empty: none
    kind         TEXT   NOT NULL, -- problem | incident | question | task; empty: none
    external_id  TEXT   NOT NULL,
    tags         TEXT   NOT NULL, -- joined by a space
    requester_id INTEGER NOT NULL,
    submitter_id INTEGER NOT NULL,
    assignee_id  INTEGER,
    public       INTEGER NOT NULL, -- whether a comment is
    internal     INTEGER NOT NULL, -- whether the first comment was not
    channel      TEXT   NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (account_id, number),
    FOREIGN KEY (account_id, requester_id) REFERENCES issuer_users (account_id, id),
    FOREIGN KEY (account_id, submitter_id) REFERENCES issuer_users (account_id, id),
    FOREIGN KEY (account_id, assignee_id) REFERENCES issuer_users (account_id, id)
) STRICT;
CREATE INDEX desk_tickets_by_requester ON desk_tickets (account_id, requester_id, number);
CREATE INDEX desk_tickets_by_external_id ON desk_tickets (account_id, external_id) WHERE external_id <> '';

-- Who changed a ticket, when and from where.
CREATE TABLE desk_audits (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    ticket     INTEGER NOT NULL,
    author_id  INTEGER NOT NULL,
    channel    TEXT   NOT NULL,
    client     TEXT   NOT NULL, -- the User-Agent of the request
    address    TEXT   NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, ticket, id),
    FOREIGN KEY (account_id, ticket) REFERENCES desk_tickets (account_id, number) ON DELETE CASCADE,
    FOREIGN KEY (account_id, author_id) REFERENCES issuer_users (account_id, id)
) STRICT;

-- What changed.
CREATE TABLE desk_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL,
    ticket     INTEGER NOT NULL,
    audit_id   INTEGER NOT NULL,
    kind       TEXT   NOT NULL, -- Comment | Create | Change
    field      TEXT   NOT NULL, -- empty of a comment
    value      TEXT,
    previous   TEXT,
    UNIQUE (account_id, ticket, id),
    FOREIGN KEY (account_id, ticket, audit_id) REFERENCES desk_audits (account_id, ticket, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX desk_events_by_audit ON desk_events (account_id, ticket, audit_id);

-- A comment has the number of its event.
CREATE TABLE desk_comments (
    id         INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    ticket     INTEGER NOT NULL,
    audit_id   INTEGER NOT NULL,
    author_id  INTEGER NOT NULL,
    body       TEXT   NOT NULL,
    public     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, ticket, id),
    FOREIGN KEY (account_id, ticket, id) REFERENCES desk_events (account_id, ticket, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, ticket, audit_id) REFERENCES desk_audits (account_id, ticket, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, author_id) REFERENCES issuer_users (account_id, id)
) STRICT;

-- Files that wait for a comment, under a token.
CREATE TABLE desk_uploads (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES issuer_accounts (id),
    digest     BLOB   NOT NULL UNIQUE,
    user_id    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    UNIQUE (account_id, id),
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id)
) STRICT;
CREATE INDEX desk_uploads_by_expiry ON desk_uploads (expires_at);

-- An attachment belongs to an upload or to a comment. One that belongs to neither
-- lost what it belonged to, and waits for its file to be removed.
CREATE TABLE desk_attachments (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES issuer_accounts (id),
    upload_id    INTEGER REFERENCES desk_uploads (id) ON DELETE SET NULL,
    comment_id   INTEGER REFERENCES desk_comments (id) ON DELETE SET NULL,
    user_id      INTEGER NOT NULL, -- who uploaded it
    token        TEXT   NOT NULL, -- of its content's address: shown to all who see it, so kept as it is
    file         TEXT   NOT NULL UNIQUE, -- where its content is kept
    file_name    TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    size         INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    UNIQUE (account_id, token),
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id)
) STRICT;
CREATE INDEX desk_attachments_by_upload ON desk_attachments (upload_id);
CREATE INDEX desk_attachments_by_comment ON desk_attachments (comment_id);
CREATE INDEX desk_attachments_forsaken ON desk_attachments (id) WHERE upload_id IS NULL AND comment_id IS NULL;
