-- Version 7: a message says whether its author had an account: 1, or nothing. Of one that says nothing it
-- is looked up in `facts`: see row.rs.

ALTER TABLE entries ADD COLUMN account INTEGER;
