-- Starts the index of words anew; the old one is emptied in steps: see text_index.rs. The text comes
-- folded and cut into tokens, with spaces between them: see search.rs.

DROP TABLE IF EXISTS stale_search;
ALTER TABLE search RENAME TO stale_search;

CREATE VIRTUAL TABLE search USING fts5 (
    text,
    content = '',
    columnsize = 0,
    tokenize = "ascii tokenchars '#$+'"
);

-- What is taken out leaves the pages at once, and not only when they are merged.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
INSERT INTO search (search, rank) VALUES ('automerge', 0);

UPDATE rooms SET searched = 0;
