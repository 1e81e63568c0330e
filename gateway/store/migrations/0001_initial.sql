-- The first schema. Times are integer milliseconds since 1970, UTC, unless a name ends in _s.

CREATE TABLE installation (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  installation_id TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  email TEXT NOT NULL,
  client_id TEXT NOT NULL,
  scopes TEXT NOT NULL,
  sealed BLOB NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('connected', 'authorization-lost', 'configuration')),
  state_code TEXT NOT NULL DEFAULT '',
  state_text TEXT NOT NULL DEFAULT '',
  authorized_at INTEGER NOT NULL,
  access_ends_at INTEGER,
  changed_at INTEGER NOT NULL,
  UNIQUE (kind, subject)
) STRICT;

-- One row per consent link that was handed out; the verifier is sealed and wiped when used.
CREATE TABLE sign_in (
  state_hash BLOB PRIMARY KEY,
  sealed BLOB NOT NULL,
  started_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;

CREATE TABLE device (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  profile TEXT NOT NULL,
  key_hash BLOB NOT NULL,
  active INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- The last accepted revision of each meeting. `body` holds no PIN in clear; `fingerprint` is keyed.
CREATE TABLE meeting (
  id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL REFERENCES device (id),
  external_id TEXT NOT NULL,
  revision INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('scheduled', 'cancelled')),
  sync INTEGER NOT NULL,
  shape TEXT NOT NULL,
  sequence INTEGER,
  fingerprint TEXT NOT NULL,
  body TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  UNIQUE (device_id, external_id)
) STRICT;

-- Which event mirrors a meeting. The row is written before the first call that names `remote_id`, which is never
-- computed again; `generation` rises when the calendar has burned the id.
CREATE TABLE mirrored (
  meeting_id INTEGER PRIMARY KEY REFERENCES meeting (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  calendar_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('claimed', 'live', 'gone')),
  revision INTEGER,
  etag TEXT,
  link TEXT,
  changed_at INTEGER NOT NULL
) STRICT;

-- What is still to be done, one row per kind and subject: a later edit replaces the waiting row. For kind `mirror` the
-- subject is a meeting and `revision` is the one the calendar has to reach. `doubt` is 1 while a call may have had
-- an effect that nobody saw, 2 when one look found nothing and a second one is due.
CREATE TABLE outbox (
  kind TEXT NOT NULL,
  subject_id INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  not_before INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  doubt INTEGER NOT NULL DEFAULT 0,
  claimed_by TEXT,
  claimed_until INTEGER,
  hold TEXT CHECK (hold IN ('authorization', 'configuration', 'parked')),
  last_code TEXT NOT NULL DEFAULT '',
  last_text TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  PRIMARY KEY (kind, subject_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (kind, not_before) WHERE hold IS NULL AND claimed_by IS NULL;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;

-- Answers given to calls that carried an Idempotency-Key.
CREATE TABLE idempotency (
  device_id INTEGER NOT NULL REFERENCES device (id),
  key TEXT NOT NULL,
  request_hash BLOB NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, key)
) STRICT, WITHOUT ROWID;
