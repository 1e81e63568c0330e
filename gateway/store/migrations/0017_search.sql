-- The words by which meetings are found. Filled some time after the meetings are accepted, many at once.

-- `words` has spaces between them, and what tells the time: such as `_202611` for the month (UTC) that a
-- meeting begins in, `_s` for a series.
CREATE TABLE meeting_words (
  meeting_id INTEGER PRIMARY KEY,
  words TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE meeting_index USING fts5(
  words, content='meeting_words', content_rowid='meeting_id', tokenize="ascii tokenchars '_'", detail=none, columnsize=0,
  prefix='1 2 3 4 5 6'
);

-- All meetings below `next_meeting_id` are in it, as they were when the line `audit_id` of the audit was written.
CREATE TABLE meeting_indexed (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  next_meeting_id INTEGER NOT NULL,
  audit_id INTEGER NOT NULL
) STRICT;

INSERT INTO meeting_indexed VALUES (1, 1, (SELECT coalesce(max(id), 0) FROM audit));
