-- What people changed in the calendar and what was decided about it; and what else is known of the calendars read.

-- One row per event, or per occurrence of a series, that people changed and that is not as the device wants it. `state`:
-- `asks` (nothing is written there until somebody decides), `kept` (the calendar's version counts in `parts`), `back`
-- (the device's version was put back; a note for people). `difference` is JSON: part -> the device's and the calendar's
-- words. `calendar_id` is where the event was moved to, NULL when it was not. `who` is the person, where that is known.
-- `put_backs` is when it was put back (ms UTC, comma list, oldest first, only the last few) without anybody being asked.
CREATE TABLE kept_edit (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  original_start_utc_s INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asks', 'kept', 'back')),
  parts TEXT NOT NULL,
  difference TEXT NOT NULL,
  calendar_id TEXT,
  who TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL,
  put_backs TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (meeting_id, original_start_utc_s)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_edit_asks ON kept_edit (at) WHERE state = 'asks';

-- How many rows in state `asks` or `kept` a meeting has, so that the many that have none cost no second question.
ALTER TABLE meeting ADD COLUMN kept_edits INTEGER NOT NULL DEFAULT 0;

-- Events of ours that have to be looked at one by one, because a list could not say how they stand.
CREATE TABLE second_look (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  original_start_utc_s INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, original_start_utc_s)
) STRICT, WITHOUT ROWID;

-- Events that carry our marks and are no meeting's current event: they are to be removed.
CREATE TABLE stray_event (
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  meeting_id INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, calendar_id, remote_id)
) STRICT, WITHOUT ROWID;

-- What is wrong with a calendar, since when; empty while it can be read.
ALTER TABLE calendar_reading ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE calendar_reading ADD COLUMN text TEXT NOT NULL DEFAULT '';
ALTER TABLE calendar_reading ADD COLUMN since INTEGER;

-- Meetings whose events vanished together with many others: nothing is done about them until somebody decides.
CREATE TABLE guarded_deletion (
  meeting_id INTEGER PRIMARY KEY REFERENCES meeting (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX guarded_deletion_calendar ON guarded_deletion (account_id, calendar_id);

-- Meetings whose coming event people deleted within the last day, each once: many small deletions are a large one.
CREATE TABLE recent_deletion (
  meeting_id INTEGER PRIMARY KEY REFERENCES meeting (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE INDEX recent_deletion_calendar ON recent_deletion (account_id, calendar_id);
CREATE INDEX recent_deletion_at ON recent_deletion (at);

-- Coming events of other people or programs in the calendars read, so that one that already stands for a meeting is
-- found. `subject` is a digest: what strangers wrote is not kept. Bounded per calendar, forgotten when over.
CREATE TABLE foreign_event (
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  start_utc_s INTEGER NOT NULL,
  end_utc_s INTEGER NOT NULL,
  subject BLOB NOT NULL,
  organiser TEXT NOT NULL,
  PRIMARY KEY (account_id, calendar_id, remote_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX foreign_event_start ON foreign_event (account_id, calendar_id, start_utc_s);

-- How many calls the reading of calendars made on a day (UTC, `YYYY-MM-DD`); only the last days are kept.
CREATE TABLE reading_calls (
  day TEXT PRIMARY KEY,
  calls INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
