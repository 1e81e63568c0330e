-- The admin page: who may use it, what was set there, and consent links that belong to one admin's session.

CREATE TABLE admin_user (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  password_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- `id_hash` is the SHA-256 of the cookie. `proved_at` is when the password was last entered.
CREATE TABLE admin_session (
  id_hash BLOB PRIMARY KEY,
  user_id INTEGER NOT NULL REFERENCES admin_user (id) ON DELETE CASCADE,
  started_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL,
  proved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Wrong passwords and codes. `subject` is `source:<address>` or `account:<name>`.
CREATE TABLE throttle (
  subject TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What was saved on the page, by the name the setting has in config.yaml; `sealed` is 1 where the value is encrypted.
CREATE TABLE setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `origin` says whose link it is: `command line`, `session:<hash>` or `user:<id>`; `life_ms` how long it is good for.
ALTER TABLE sign_in ADD COLUMN origin TEXT NOT NULL DEFAULT 'command line';
ALTER TABLE sign_in ADD COLUMN life_ms INTEGER NOT NULL DEFAULT 600000;

-- Where the call came from: an IP address, or empty for what was done on the machine itself.
ALTER TABLE audit ADD COLUMN source TEXT NOT NULL DEFAULT '';
