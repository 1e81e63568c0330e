-- The title and the description (with placeholders) that events were written with, by the mark in their fingerprint:
-- an event is judged by the words that it was made from, also after they were changed. The usual words have no row.

CREATE TABLE wording (
  mark TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  used_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
