-- The journal's tables. A released version of this file never changes: the next one is a migration.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE rooms (
    room INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    topic TEXT NOT NULL DEFAULT '',
    first INTEGER NOT NULL DEFAULT 1,    -- the first seq that is kept
    top INTEGER NOT NULL DEFAULT 0,      -- the newest seq
    messages INTEGER NOT NULL DEFAULT 0, -- how many are kept
    indexed INTEGER NOT NULL DEFAULT 0   -- up to this seq ids are in the table below
);

CREATE TABLE entries (
    entry INTEGER PRIMARY KEY,           -- room << 40 | seq
    kind INTEGER NOT NULL,               -- 0 message, 1 edited, 2 deleted, 3 reaction, 4 topic
    ts INTEGER NOT NULL,                 -- Unix milliseconds
    sender TEXT NOT NULL,
    author BLOB NOT NULL,
    text TEXT NOT NULL,                  -- message, new text, emoji or topic
    id TEXT,                             -- the idempotency key
    hash BLOB,                           -- of the body that came with it
    mid INTEGER,                         -- the message that is changed: its entry
    reply_to INTEGER,                    -- a message: the mid it answers
    expires INTEGER,                     -- a message: Unix milliseconds
    given INTEGER,                       -- a reaction: 1 given, 0 taken back
    count INTEGER,                       -- a reaction: how many people react so
    gone INTEGER,                        -- 0 author, 1 moderator, 2 expired; of both ends
    edit TEXT,                           -- a message: its text now, if it was edited
    changed INTEGER                      -- a message: the newest seq about it
);

CREATE INDEX edits ON entries (mid) WHERE kind = 1;
CREATE INDEX expiries ON entries (expires) WHERE expires IS NOT NULL AND gone IS NULL;

-- Finds the entries of an author and an id, by a hash of both. It lags behind: see ids.rs.
CREATE TABLE ids (
    key INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (key, entry)
) WITHOUT ROWID;

-- Ids whose entry was pruned, but not long enough ago to forget them.
CREATE TABLE old_ids (
    author BLOB NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    entry INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    mid INTEGER,
    kind INTEGER NOT NULL,
    count INTEGER,
    PRIMARY KEY (author, id)
) WITHOUT ROWID;
CREATE INDEX old_ids_ts ON old_ids (ts);

CREATE TABLE reactions (
    message INTEGER NOT NULL,            -- its entry
    emoji TEXT NOT NULL,
    author BLOB NOT NULL,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (message, emoji, author)
) WITHOUT ROWID;

CREATE TABLE sessions (
    key BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    rooms TEXT NOT NULL                  -- a JSON list of names
) WITHOUT ROWID;
