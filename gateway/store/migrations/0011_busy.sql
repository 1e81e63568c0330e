-- When rooms are taken. Nothing here is filled for rooms that nobody asked about.

-- What meetings take up: a calendar, or the address of a room; `key` says which. `wanted_at` is when a device last asked
-- when it is free.
CREATE TABLE room (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  wanted_at INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Which room a device's meetings are in, and whether they take it up (`blocks`): then they are in `busy_span`, all before
-- `next_meeting_id` and all that were accepted since the row is there; NULL when none is missing.
CREATE TABLE room_device (
  device_id INTEGER PRIMARY KEY REFERENCES device (id),
  room_id INTEGER NOT NULL REFERENCES room (id),
  blocks INTEGER NOT NULL CHECK (blocks IN (0, 1)),
  next_meeting_id INTEGER
) STRICT;

-- One row for each occurrence, a long one in several pieces, so that what overlaps a time is found close to it: `at_s` is
-- where the piece begins, `lead_s` how long before that the occurrence did, `length_s` how long the whole of it is.
-- `series` is 1 for the occurrences of a series.
CREATE TABLE busy_span (
  room_id INTEGER NOT NULL,
  at_s INTEGER NOT NULL,
  meeting_id INTEGER NOT NULL,
  lead_s INTEGER NOT NULL,
  length_s INTEGER NOT NULL,
  series INTEGER NOT NULL,
  PRIMARY KEY (room_id, at_s, meeting_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX busy_span_series ON busy_span (meeting_id) WHERE series = 1;

-- Meetings whose spans have to be made again, and when (seconds since 1970): series that go on beyond the last occurrence
-- that was expanded, and meetings that people moved in the calendar.
CREATE TABLE busy_again (
  meeting_id INTEGER PRIMARY KEY REFERENCES meeting (id),
  due_s INTEGER NOT NULL
) STRICT;

-- What a calendar itself said about a room when it was last asked, 30 days by 30 days since 1970: JSON, pairs of seconds
-- since 1970, without what our own meetings take up.
CREATE TABLE busy_outside (
  room_id INTEGER NOT NULL REFERENCES room (id),
  part INTEGER NOT NULL,
  asked_at INTEGER NOT NULL,
  spans TEXT NOT NULL,
  PRIMARY KEY (room_id, part)
) STRICT, WITHOUT ROWID;
