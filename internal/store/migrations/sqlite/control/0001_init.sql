-- +goose Up
-- The clock of a demo: protocol time is base_at at the machine's set_at, and runs
-- rate microseconds a second from there. Both are Unix microseconds; NULL: the
-- machine's own time. There is one row at most.
CREATE TABLE control_clock (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL, -- counts the changes
    base_at INTEGER,
    set_at  INTEGER,
    rate    INTEGER NOT NULL
) STRICT;
