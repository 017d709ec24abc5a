-- +goose Up
-- Times are Unix microseconds, 0 = never. Sets are joined by a space. Whatever is
-- sealed stands beside the id of the key that sealed it, so that a rotation finds
-- what it has not yet done.

CREATE TABLE broker_settings (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;

CREATE TABLE broker_clients (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account    TEXT    NOT NULL, -- subdomain; empty: a global client
    product    TEXT    NOT NULL, -- support | chat
    identifier TEXT    NOT NULL,
    chosen_at  INTEGER NOT NULL, -- of several the one chosen last serves
    UNIQUE (account, product, identifier)
) STRICT;

CREATE TABLE broker_client_secrets (
    client_id INTEGER NOT NULL REFERENCES broker_clients (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL, -- tried in this order
    sealed    BLOB    NOT NULL,
    key_id    INTEGER NOT NULL,
    PRIMARY KEY (client_id, position)
) STRICT;

-- A client whose credentials an account refuses is not tried again before retry_at.
CREATE TABLE broker_circuits (
    client_id INTEGER NOT NULL REFERENCES broker_clients (id) ON DELETE CASCADE,
    account   TEXT    NOT NULL,
    opened_at INTEGER NOT NULL,
    retry_at  INTEGER NOT NULL,
    failures  INTEGER NOT NULL,
    reason    TEXT    NOT NULL,
    PRIMARY KEY (client_id, account)
) STRICT;

CREATE TABLE broker_connections (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    account            TEXT    NOT NULL, -- subdomain
    product            TEXT    NOT NULL,
    client_id          INTEGER NOT NULL REFERENCES broker_clients (id),
    grant_type         TEXT    NOT NULL, -- authorization_code; others have a connection of their own
    user_id            INTEGER,          -- at Zendesk; NULL: not known yet
    user_name          TEXT    NOT NULL,
    user_email         TEXT    NOT NULL,
    user_role          TEXT    NOT NULL,
    state              TEXT    NOT NULL, -- pending | active | reauthorize | in_doubt | revoked | disabled
    reason             TEXT    NOT NULL,
    generation         INTEGER NOT NULL, -- how often the tokens were replaced; 0: none yet
    scope_asked        TEXT    NOT NULL,
    scope_granted      TEXT    NOT NULL,
    access_sealed      BLOB,
    access_key_id      INTEGER NOT NULL,
    refresh_sealed     BLOB,
    refresh_key_id     INTEGER NOT NULL,
    access_issued_at   INTEGER NOT NULL,
    access_expires_at  INTEGER NOT NULL, -- 0: does not expire
    refresh_expires_at INTEGER NOT NULL, -- 0: does not expire, or not told
    forced             INTEGER NOT NULL, -- these tokens were asked for because the last ones were refused
    created_at         INTEGER NOT NULL,
    renewed_at         INTEGER NOT NULL,
    last_used_at       INTEGER NOT NULL,
    failures           INTEGER NOT NULL, -- renewals that failed since one succeeded
    retry_at           INTEGER NOT NULL,
    claim_owner        TEXT    NOT NULL, -- empty: nobody renews it now
    claim_counter      INTEGER NOT NULL, -- raised by the owner while it is at work
    UNIQUE (client_id, account, product, grant_type, user_id)
) STRICT;

CREATE INDEX broker_connections_state ON broker_connections (state, refresh_expires_at);

-- One sign-in on its way.
CREATE TABLE broker_flows (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    state_digest    BLOB    NOT NULL UNIQUE,
    binding_digest  BLOB    NOT NULL, -- of the cookie of the browser that began
    client_id       INTEGER NOT NULL REFERENCES broker_clients (id) ON DELETE CASCADE,
    account         TEXT    NOT NULL,
    product         TEXT    NOT NULL,
    redirect_uri    TEXT    NOT NULL,
    scope           TEXT    NOT NULL,
    verifier_sealed BLOB,
    verifier_key_id INTEGER NOT NULL,
    return_to       TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    spent_at        INTEGER NOT NULL, -- 0: open
    outcome         TEXT    NOT NULL, -- why it failed
    connection_id   INTEGER NOT NULL  -- what it became; 0: nothing
) STRICT;

CREATE INDEX broker_flows_expires ON broker_flows (expires_at);

-- One refresh request, written down before it is sent.
CREATE TABLE broker_attempts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id INTEGER NOT NULL REFERENCES broker_connections (id) ON DELETE CASCADE,
    generation    INTEGER NOT NULL, -- of the refresh token that it presents
    number        INTEGER NOT NULL,
    owner         TEXT    NOT NULL,
    forced        INTEGER NOT NULL,
    sent_at       INTEGER NOT NULL,
    outcome       TEXT    NOT NULL, -- open | answered | unanswered | refused | unsent
    error         TEXT    NOT NULL,
    closed_at     INTEGER NOT NULL,
    UNIQUE (connection_id, generation, number)
) STRICT;

-- The audit trail. It outlives what it names, hence no foreign keys.
CREATE TABLE broker_events (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    at            INTEGER NOT NULL,
    kind          TEXT    NOT NULL,
    account       TEXT    NOT NULL,
    connection_id INTEGER NOT NULL, -- 0: none
    client_id     INTEGER NOT NULL, -- 0: none
    detail        TEXT    NOT NULL
) STRICT;

CREATE INDEX broker_events_connection ON broker_events (connection_id, id);
CREATE INDEX broker_events_at ON broker_events (at);
