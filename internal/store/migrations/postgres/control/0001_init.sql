-- +goose Up
-- The clock of a demo: protocol time is base_at at the machine's set_at, and runs
-- rate microseconds a second from there. Both are Unix microseconds; NULL: the
-- machine's own time. There is one row at most.
CREATE TABLE control_clock (
    id      BIGINT  PRIMARY KEY CHECK (id = 1),
    version BIGINT  NOT NULL, -- counts the changes
    base_at BIGINT,
    set_at  BIGINT,
    rate    BIGINT  NOT NULL
);
