-- +goose Up
-- A connection is found by the beginnings of the words of its user's name and email
-- and its account. broker_connections.words has them too, each behind a space, for
-- searches that so many match that the newest are found sooner one by one.

CREATE TABLE broker_connection_words (
    word          TEXT    NOT NULL,
    connection_id INTEGER NOT NULL REFERENCES broker_connections (id) ON DELETE CASCADE,
    PRIMARY KEY (word, connection_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX broker_connection_words_of ON broker_connection_words (connection_id);

-- The program fills in those of connections that are there: no SQL of both engines
-- takes words apart, or makes every letter small, as it does.
INSERT INTO broker_settings (name, value)
SELECT 'words to be filled in', x'01' WHERE EXISTS (SELECT 1 FROM broker_connections WHERE words <> '');
