-- What asking a device came to, and what its list of meetings showed last.

-- `next_at` is when it may be asked again after a failure; `settings` marks the settings that were used, so that others
-- are tried at once. `logins` are the times of logins that failed, or whose end nobody saw. `slow` rises when the
-- device asks to slow down. `asked` is how many meetings are missing while an admin is asked, `believed` how many of
-- them the admin says are really gone. `odd` is the last list that was not understood, sealed.
CREATE TABLE polling (
  device_id INTEGER PRIMARY KEY REFERENCES device (id),
  state TEXT NOT NULL CHECK (state IN ('new', 'ok', 'failing', 'asks')),
  code TEXT NOT NULL DEFAULT '',
  text TEXT NOT NULL DEFAULT '',
  warning TEXT NOT NULL DEFAULT '',
  polled_at INTEGER,
  succeeded_at INTEGER,
  next_at INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  slow INTEGER NOT NULL DEFAULT 0,
  settings BLOB NOT NULL DEFAULT x'',
  logins TEXT NOT NULL DEFAULT '',
  listed INTEGER NOT NULL DEFAULT 0,
  asked INTEGER NOT NULL DEFAULT 0,
  believed INTEGER NOT NULL DEFAULT 0,
  fingerprint TEXT NOT NULL DEFAULT '',
  odd BLOB,
  odd_at INTEGER
) STRICT;

-- A meeting in the list of a device. `digest` is keyed; `ends_at` is NULL for a series without end; `missing` counts
-- complete lists in a row without it. `code` and `text` say why it was not taken. `detailed` is 1 when the list does
-- not say everything about it.
CREATE TABLE polled_meeting (
  device_id INTEGER NOT NULL REFERENCES device (id),
  external_id TEXT NOT NULL,
  digest BLOB NOT NULL,
  ends_at INTEGER,
  taken INTEGER NOT NULL CHECK (taken IN (0, 1)),
  detailed INTEGER NOT NULL CHECK (detailed IN (0, 1)),
  missing INTEGER NOT NULL,
  code TEXT NOT NULL DEFAULT '',
  text TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (device_id, external_id)
) STRICT, WITHOUT ROWID;
