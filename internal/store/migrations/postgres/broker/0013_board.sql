-- +goose Up
-- What the broker's own pages tell: who did what, what became of passes, and how much
-- a connection is used.

ALTER TABLE broker_events ADD COLUMN actor TEXT NOT NULL DEFAULT ''; -- user ACCOUNT/NUMBER | key NUMBER | pass NUMBER | command | broker; empty: not told
ALTER TABLE broker_events ADD COLUMN pass_id BIGINT NOT NULL DEFAULT 0; -- 0: none
ALTER TABLE broker_events ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- what it is found by, in small letters, bounded

UPDATE broker_events SET words = lower(substr(account || ' ' || detail, 1, 300));

CREATE INDEX broker_events_of_kind ON broker_events (kind, id);
CREATE INDEX broker_events_of_account ON broker_events (account, id);

ALTER TABLE broker_passes ADD COLUMN maker TEXT NOT NULL DEFAULT ''; -- as actor of an event
ALTER TABLE broker_passes ADD COLUMN used_at BIGINT NOT NULL DEFAULT 0; -- its last sending began; 0: none did
ALTER TABLE broker_passes ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- what it is found by, in small letters

UPDATE broker_passes SET words = lower(name || ' ' || account || ' ' || ticket),
    used_at = coalesce((SELECT max(began_at) FROM broker_sendings s WHERE s.pass_id = broker_passes.id), 0);

-- That Zendesk refused the token of a generation is said once.
ALTER TABLE broker_connections ADD COLUMN refused_generation BIGINT NOT NULL DEFAULT 0;

-- How often a connection's token was lent, and Zendesk called through the proxy, on a
-- day. Rows name their connection without a foreign key: no count may fail because one
-- is removed. They are pruned after some weeks.
CREATE TABLE broker_days (
    connection_id BIGINT NOT NULL,
    day           BIGINT NOT NULL, -- since 1970-01-01, UTC
    lent          BIGINT NOT NULL,
    called        BIGINT NOT NULL,
    PRIMARY KEY (connection_id, day)
);
CREATE INDEX broker_days_by_day ON broker_days (day);
