-- +goose Up
-- Times are Unix microseconds of protocol time. Sets are joined by a space,
-- lists of addresses by a newline. The account is part of every foreign key, so
-- that no row can name another account's client or user.

CREATE TABLE issuer_accounts (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    subdomain       TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    era             TEXT    NOT NULL, -- legacy | enforced
    basic_auth      TEXT    NOT NULL, -- allowed | creation_blocked | off
    password_access INTEGER NOT NULL, -- whether Basic takes passwords
    token_access    INTEGER NOT NULL, -- whether Basic takes API tokens
    password_grant  INTEGER NOT NULL, -- whether the token endpoint takes passwords
    token_format    TEXT    NOT NULL, -- opaque | jwt; empty: by the client's era
    revoke_replayed INTEGER NOT NULL, -- whether a replay ends the family, an extension
    chat            TEXT    NOT NULL, -- support | chat_only | off
    plan            TEXT    NOT NULL, -- none | team | growth | professional | enterprise
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

-- Keys that sign access tokens of the JWT format. The newest signs; the others
-- are published until the last token that they signed has expired.
CREATE TABLE issuer_signing_keys (
    account_id  INTEGER NOT NULL REFERENCES issuer_accounts (id),
    kid         TEXT    NOT NULL,
    private_key BLOB    NOT NULL, -- PKCS #8
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, kid)
) STRICT;

CREATE TABLE issuer_users (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id    INTEGER NOT NULL REFERENCES issuer_accounts (id),
    email         TEXT    NOT NULL, -- lower case
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL, -- admin | agent | end-user
    password_hash TEXT    NOT NULL, -- argon2id in PHC form; empty: no password
    suspended     INTEGER NOT NULL,
    erased_at     INTEGER, -- nothing that tells of a person is left; the number stays taken
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    UNIQUE (account_id, id),
    UNIQUE (account_id, email)
) STRICT;

-- A global client lives outside accounts. An account that approves it gets a
-- row of its own in issuer_clients that points here.
CREATE TABLE issuer_global_clients (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    product        TEXT    NOT NULL, -- support | chat
    identifier     TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    description    TEXT    NOT NULL,
    company        TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    redirect_uris  TEXT    NOT NULL,
    allowed_scopes TEXT    NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (product, identifier)
) STRICT;

CREATE TABLE issuer_clients (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id        INTEGER NOT NULL REFERENCES issuer_accounts (id),
    product           TEXT    NOT NULL, -- support | chat
    identifier        TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    company           TEXT    NOT NULL,
    kind              TEXT    NOT NULL, -- public | confidential
    user_id           INTEGER NOT NULL, -- the admin who created it
    redirect_uris     TEXT    NOT NULL,
    allowed_scopes    TEXT    NOT NULL, -- empty: any
    era               TEXT    NOT NULL, -- empty: the account's
    any_loopback_port INTEGER NOT NULL, -- RFC 8252 section 7.3, an extension
    global_client_id  INTEGER REFERENCES issuer_global_clients (id),
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    UNIQUE (account_id, product, identifier),
    UNIQUE (account_id, product, id),
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id)
) STRICT;

-- A client has one secret, and for a while a successor beside it.
CREATE TABLE issuer_client_secrets (
    account_id INTEGER NOT NULL,
    product    TEXT    NOT NULL,
    client_id  INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    hint       TEXT    NOT NULL, -- its first nine characters, all that is shown later
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    PRIMARY KEY (account_id, product, client_id, digest),
    FOREIGN KEY (account_id, product, client_id) REFERENCES issuer_clients (account_id, product, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE issuer_global_client_secrets (
    global_client_id INTEGER NOT NULL REFERENCES issuer_global_clients (id) ON DELETE CASCADE,
    digest           BLOB    NOT NULL,
    hint             TEXT    NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    PRIMARY KEY (global_client_id, digest)
) STRICT;

CREATE TABLE issuer_sessions (
    account_id INTEGER NOT NULL,
    digest     BLOB    NOT NULL,
    user_id    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, digest),
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX issuer_sessions_by_expiry ON issuer_sessions (expires_at);
CREATE INDEX issuer_sessions_by_user ON issuer_sessions (account_id, user_id);

CREATE TABLE issuer_codes (
    account_id    INTEGER NOT NULL,
    product       TEXT    NOT NULL,
    digest        BLOB    NOT NULL,
    client_id     INTEGER NOT NULL,
    user_id       INTEGER NOT NULL,
    redirect_uri  TEXT    NOT NULL,
    redirect_sent INTEGER NOT NULL, -- whether the request named it, so that the exchange must
    scope         TEXT    NOT NULL,
    challenge     TEXT    NOT NULL, -- RFC 7636 S256; empty: none
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    redeemed_at   INTEGER,
    PRIMARY KEY (account_id, product, digest),
    FOREIGN KEY (account_id, product, client_id) REFERENCES issuer_clients (account_id, product, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX issuer_codes_by_expiry ON issuer_codes (expires_at);
CREATE INDEX issuer_codes_by_client ON issuer_codes (account_id, product, client_id);
CREATE INDEX issuer_codes_by_user ON issuer_codes (account_id, user_id);

-- A refresh inserts a row of the same family and ends the old one, whose
-- refresh digest stays until the family ends: a replay is told from a token
-- that never was.
CREATE TABLE issuer_tokens (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id         INTEGER NOT NULL,
    product            TEXT    NOT NULL,
    client_id          INTEGER NOT NULL,
    user_id            INTEGER NOT NULL,
    family_id          INTEGER NOT NULL,
    generation         INTEGER NOT NULL, -- 1, and one more with each refresh
    origin             TEXT    NOT NULL, -- authorization_code | refresh_token | client_credentials | password | implicit | api
    scope              TEXT    NOT NULL,
    consented_scope    TEXT    NOT NULL, -- what the user allowed, of which scope is a part
    access_digest      BLOB    NOT NULL,
    access_hint        TEXT    NOT NULL,
    access_expires_at  INTEGER,
    refresh_digest     BLOB,
    refresh_hint       TEXT    NOT NULL,
    refresh_expires_at INTEGER,
    created_at         INTEGER NOT NULL,
    used_at            INTEGER,
    ended_at           INTEGER,
    end_reason         TEXT    NOT NULL, -- replaced | revoked | …; empty: it lives
    UNIQUE (account_id, product, access_digest),
    FOREIGN KEY (account_id, product, client_id) REFERENCES issuer_clients (account_id, product, id) ON DELETE CASCADE,
    FOREIGN KEY (account_id, user_id) REFERENCES issuer_users (account_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX issuer_tokens_by_refresh ON issuer_tokens (account_id, product, refresh_digest) WHERE refresh_digest IS NOT NULL;
CREATE INDEX issuer_tokens_by_user ON issuer_tokens (account_id, user_id, client_id);
CREATE INDEX issuer_tokens_by_client ON issuer_tokens (account_id, product, client_id);
CREATE INDEX issuer_tokens_by_family ON issuer_tokens (account_id, family_id);

CREATE TABLE issuer_api_tokens (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id   INTEGER NOT NULL REFERENCES issuer_accounts (id),
    digest       BLOB    NOT NULL,
    hint         TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    active       INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    UNIQUE (account_id, digest)
) STRICT;

-- Failed sign-ins and failed client authentications, counted by window: the
-- only thing that is slowed down (successes never are).
CREATE TABLE issuer_failures (
    subject   TEXT    NOT NULL PRIMARY KEY,
    failures  INTEGER NOT NULL,
    starts_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX issuer_failures_by_end ON issuer_failures (ends_at);

CREATE TABLE issuer_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES issuer_accounts (id),
    at         INTEGER NOT NULL,
    actor_id   INTEGER, -- the user, where one is known
    action     TEXT    NOT NULL, -- session.started, client.created, …
    object     TEXT    NOT NULL, -- "client 17"
    address    TEXT    NOT NULL,
    request_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;
CREATE INDEX issuer_events_by_account ON issuer_events (account_id, id);
CREATE INDEX issuer_events_by_time ON issuer_events (at);
