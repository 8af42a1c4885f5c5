-- Version 9: files of messages. What is known of them stands with their message, in JSON; the table finds
-- the message that carries a file, and whether any carries a blob.

ALTER TABLE entries ADD COLUMN files TEXT;

CREATE TABLE files (
    file BLOB PRIMARY KEY,
    entry INTEGER NOT NULL,              -- its message
    blob BLOB NOT NULL                   -- the SHA-256 of its bytes
) WITHOUT ROWID;
CREATE INDEX files_entry ON files (entry);
CREATE INDEX files_blob ON files (blob);
