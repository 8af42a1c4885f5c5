-- Version 10: the replies to a message are found by it.

CREATE INDEX replies ON entries (reply_to) WHERE reply_to IS NOT NULL AND gone IS NULL;
