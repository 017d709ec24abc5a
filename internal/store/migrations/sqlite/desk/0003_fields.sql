-- +goose Up
-- The number of an account's newest field. Numbers are never given out twice, and
-- the row makes those who add fields at the same moment wait for each other.
CREATE TABLE desk_field_counters (
    account_id INTEGER PRIMARY KEY REFERENCES issuer_accounts (id),
    fields     INTEGER NOT NULL
) STRICT;

-- What an account adds to its tickets.
CREATE TABLE desk_fields (
    account_id         INTEGER NOT NULL REFERENCES issuer_accounts (id),
    number             INTEGER NOT NULL, -- the field's id on the wire, within its account
    version            INTEGER NOT NULL, -- counts its changes, for swaps
    kind               TEXT    NOT NULL, -- Zendesk's type
    title              TEXT    NOT NULL,
    portal_title       TEXT    NOT NULL,
    description        TEXT    NOT NULL,
    agent_description  TEXT    NOT NULL,
    position           INTEGER NOT NULL,
    active             INTEGER NOT NULL,
    required           INTEGER NOT NULL, -- to solve a ticket
    collapsed          INTEGER NOT NULL,
    portal_visible     INTEGER NOT NULL,
    portal_editable    INTEGER NOT NULL,
    portal_required    INTEGER NOT NULL,
    pattern            TEXT    NOT NULL, -- of a regexp
    tag                TEXT    NOT NULL, -- of a checkbox
    options            TEXT    NOT NULL, -- JSON
    options_ever       INTEGER NOT NULL, -- how many it ever had: the number of the newest
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    PRIMARY KEY (account_id, number)
) STRICT;

-- The values of a ticket's fields: a JSON object of texts by the fields' numbers;
-- empty: none. A field that was deleted may still be named: its number is nobody's.
ALTER TABLE desk_tickets ADD COLUMN custom TEXT NOT NULL DEFAULT '';

CREATE TABLE desk_memberships (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES issuer_accounts (id),
    user_id    INTEGER NOT NULL,
    group_id   INTEGER NOT NULL,
    is_default INTEGER NOT NULL, -- whether it is the user's default one
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account_id, user_id, group_id),
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id),
    FOREIGN KEY (account_id, group_id) REFERENCES desk_groups (account_id, id)
) STRICT;
CREATE INDEX desk_memberships_by_group ON desk_memberships (account_id, group_id, id);
CREATE UNIQUE INDEX desk_memberships_default ON desk_memberships (account_id, user_id) WHERE is_default = 1;
CREATE INDEX desk_tickets_by_assignee ON desk_tickets (account_id, assignee_id, number);

-- Of an image, in pixels; 0: not known.
ALTER TABLE desk_attachments ADD COLUMN width INTEGER NOT NULL DEFAULT 0;
ALTER TABLE desk_attachments ADD COLUMN height INTEGER NOT NULL DEFAULT 0;
