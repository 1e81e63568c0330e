-- What a device should hear: replies, edits, conflicts; and where the reading of each calendar stands.

-- Told oldest first; `id` is the place in the feed and is never given twice. `data` is JSON, without secrets.
CREATE TABLE change_feed (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device_id INTEGER NOT NULL REFERENCES device (id),
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  at INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL
) STRICT;

CREATE INDEX change_feed_device ON change_feed (device_id, id);

-- What each guest answered when the event was last seen. Here and below `original_start_utc_s` is 0 for a meeting as a
-- whole, else it names one occurrence of a series.
CREATE TABLE reply (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  original_start_utc_s INTEGER NOT NULL,
  email TEXT NOT NULL COLLATE NOCASE,
  answer TEXT NOT NULL,
  comment TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, original_start_utc_s, email)
) STRICT, WITHOUT ROWID;

-- In which way people changed an event, as the device was last told; no row while it is as the device wants it.
CREATE TABLE edit (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  original_start_utc_s INTEGER NOT NULL,
  said TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, original_start_utc_s)
) STRICT, WITHOUT ROWID;

-- Up to where the changes of a calendar were read.
CREATE TABLE calendar_reading (
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  sync_token TEXT,
  read_at INTEGER NOT NULL,
  PRIMARY KEY (account_id, calendar_id)
) STRICT, WITHOUT ROWID;

-- The last place in the feed that a device's webhook took; `since` is when it began to fail, NULL while it works.
CREATE TABLE webhook (
  device_id INTEGER PRIMARY KEY REFERENCES device (id),
  delivered INTEGER NOT NULL,
  since INTEGER
) STRICT;
