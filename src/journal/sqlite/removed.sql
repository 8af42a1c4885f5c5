-- Version 6: removed rooms. Their row in `rooms` stays, without a name, so that their numbers go on; their
-- entries keep the number that the room had, and are erased in steps: see removal.rs.

CREATE TABLE removed (
    room INTEGER PRIMARY KEY,            -- the number the room had
    first INTEGER NOT NULL,              -- the first seq that is not erased yet
    top INTEGER NOT NULL,                -- the last one
    searched INTEGER NOT NULL            -- messages up to this seq are in the text index
);
