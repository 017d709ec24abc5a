-- +goose Up
-- When the broker looks after a connection that nobody asks for: renews it while its
-- refresh token lives, or asks whether tokens that do not expire are still taken.

ALTER TABLE broker_connections ADD COLUMN tend_at INTEGER NOT NULL DEFAULT 0; -- 0: never

UPDATE broker_connections SET tend_at = CASE
    WHEN access_expires_at = 0 THEN renewed_at + 86400000000
    WHEN refresh_expires_at > renewed_at THEN renewed_at + (refresh_expires_at - renewed_at) / 3
    ELSE 0 END
WHERE generation > 0;

CREATE INDEX broker_connections_tend ON broker_connections (state, tend_at);
CREATE INDEX broker_attempts_sent ON broker_attempts (sent_at);
