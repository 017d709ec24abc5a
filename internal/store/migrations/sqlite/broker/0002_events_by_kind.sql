-- +goose Up
-- Sign-ins that failed are pruned long before the rest of the audit trail.

CREATE INDEX broker_events_kind ON broker_events (kind, at);
