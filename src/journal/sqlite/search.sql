-- Version 2: full text search.

ALTER TABLE rooms ADD COLUMN searched INTEGER NOT NULL DEFAULT 0; -- messages up to this seq are below

-- The words of the messages as they read now, by entry; it lags behind: see text_index.rs. It keeps no
-- text of its own, so whoever takes a message out has to say what is in it.
CREATE VIRTUAL TABLE search USING fts5 (
    text,
    content = '',
    columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- What is taken out leaves the pages at once, and not only when they are merged.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
