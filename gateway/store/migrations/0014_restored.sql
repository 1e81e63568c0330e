-- A gateway that goes on from a backup: what it must not do twice, and events that it finds without knowing their meeting.

-- One row once a backup was restored. `next_meeting_id` is the least number of a new meeting: those between were given
-- after the backup was made, and their events may be in the calendar. `stock_at` is when the calendars were compared
-- with what the backup knows, NULL while nothing may be written before that is done.
CREATE TABLE restored (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL,
  backup_at INTEGER NOT NULL,
  next_meeting_id INTEGER NOT NULL,
  stock_at INTEGER
) STRICT;

-- Events of ours whose meetings came after the backup. A meeting that comes again takes its own: it has the same
-- `fingerprint`, or starts then and is called so (`subject` is a digest).
CREATE TABLE left_event (
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  start_utc_s INTEGER NOT NULL,
  subject BLOB NOT NULL,
  PRIMARY KEY (account_id, calendar_id, remote_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX left_event_fingerprint ON left_event (fingerprint);
CREATE INDEX left_event_start ON left_event (start_utc_s);
