-- Version 3: what is kept beside the records. From here on an entry may be of kind 5, moderated;
-- its text is what was done, as JSON.

CREATE TABLE facts (
    shelf INTEGER NOT NULL,              -- see facts.rs
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (shelf, key)
) WITHOUT ROWID;
