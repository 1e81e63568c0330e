-- What people were told outside the page, adoptions that were refused, and how the limits of calls stand.

-- How it stands with each thing that people are told about (`account:1`, `queue`, `disk`, …), as they were last told;
-- no row while there was nothing to tell. `detail` tells two cases of one state apart, `told_at` is when the last alert
-- about it was made.
CREATE TABLE alert_state (
  subject TEXT PRIMARY KEY,
  state TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  since INTEGER NOT NULL,
  told_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every alert that was made; `data` is JSON, nothing in it is secret.
CREATE TABLE alert (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  subject TEXT NOT NULL,
  type TEXT NOT NULL,
  severity TEXT NOT NULL CHECK (severity IN ('error', 'warning', 'info')),
  code TEXT NOT NULL,
  title TEXT NOT NULL,
  text TEXT NOT NULL,
  reminder INTEGER NOT NULL CHECK (reminder IN (0, 1)),
  data TEXT NOT NULL
) STRICT;

CREATE INDEX alert_subject ON alert (subject, id);

-- One row per alert and channel; the outbox kind `alert` has its `id` as its subject while it is on its way.
CREATE TABLE alert_delivery (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  alert_id INTEGER NOT NULL REFERENCES alert (id),
  channel TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'given-up')),
  ended_at INTEGER,
  UNIQUE (alert_id, channel)
) STRICT;

-- An event of somebody else that was offered to stand for a meeting, and that an admin said does not.
CREATE TABLE adoption_rejected (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, account_id, calendar_id, remote_id)
) STRICT, WITHOUT ROWID;

-- How the limits of calls stood when the gateway last looked, for commands; `limits` is JSON.
CREATE TABLE pace_note (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL,
  limits TEXT NOT NULL
) STRICT;
