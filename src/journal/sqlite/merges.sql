-- Version 4: the index of words is merged in small steps, which we ask for: see text_index.rs. By itself it
-- would merge a megabyte at once, within a commit that somebody waits for.

INSERT INTO search (search, rank) VALUES ('automerge', 0);
