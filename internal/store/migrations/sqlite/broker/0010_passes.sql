-- +goose Up
-- Passes, what was sent by them, and its files. A pass's secret is random, so a fast
-- digest is right. Rows stay when a pass is over, as long as events do, so that the
-- audit trail's numbers mean something; they name their connection without a foreign
-- key, because they outlive it.

CREATE TABLE broker_passes (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    digest        BLOB NOT NULL UNIQUE,
    name          TEXT NOT NULL,
    connection_id INTEGER NOT NULL,
    account       TEXT NOT NULL,
    ticket        INTEGER NOT NULL,
    can           TEXT NOT NULL, -- upload | comment, joined by a space
    public        INTEGER NOT NULL, -- 1: its comments are public
    types         TEXT NOT NULL, -- .log | image/*, joined by a space; empty: any
    file_most     INTEGER NOT NULL, -- bytes of a file
    bytes_most    INTEGER NOT NULL, -- of all files together
    uses_most     INTEGER NOT NULL,
    bytes         INTEGER NOT NULL, -- of files that are at Zendesk or on their way there
    uses          INTEGER NOT NULL,
    version       INTEGER NOT NULL, -- raised by every change
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    revoked_at    INTEGER NOT NULL -- 0: not
) STRICT;

CREATE TABLE broker_sendings (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    pass_id  INTEGER NOT NULL REFERENCES broker_passes (id) ON DELETE CASCADE,
    state    TEXT NOT NULL, -- open | finishing | sent | in_doubt | lapsed
    began_at INTEGER NOT NULL,
    moved_at INTEGER NOT NULL, -- when it came to its state
    address  TEXT NOT NULL -- the holder's
) STRICT;
CREATE INDEX broker_sendings_of_pass ON broker_sendings (pass_id);
CREATE INDEX broker_sendings_unfinished ON broker_sendings (moved_at) WHERE state IN ('open', 'finishing');

CREATE TABLE broker_sending_files (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    sending_id INTEGER NOT NULL REFERENCES broker_sendings (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    bytes      INTEGER NOT NULL, -- taken from the pass's; of a file that arrived, its size
    token      BLOB, -- the upload's at Zendesk, sealed; NULL: it is not there yet
    key_id     INTEGER NOT NULL, -- sealing key
    expires_at INTEGER NOT NULL -- of the token; 0: not known
) STRICT;
CREATE INDEX broker_sending_files_of_sending ON broker_sending_files (sending_id);
