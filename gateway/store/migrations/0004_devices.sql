-- Devices that were added by a command or a page, and callers that nobody accepted yet.

-- `origin` says who decides over the device. `settings` holds what was chosen for an added one, as JSON, never a secret.
-- Keys are kept as SHA-256; `key_sealed` only where the device's way of signing in needs the key itself.
ALTER TABLE device ADD COLUMN origin TEXT NOT NULL DEFAULT 'configuration' CHECK (origin IN ('configuration', 'added'));
ALTER TABLE device ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE device ADD COLUMN paused INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1));
ALTER TABLE device ADD COLUMN key_sealed BLOB;
ALTER TABLE device ADD COLUMN old_key_hash BLOB;
ALTER TABLE device ADD COLUMN old_key_sealed BLOB;
ALTER TABLE device ADD COLUMN old_key_until INTEGER;
ALTER TABLE device ADD COLUMN password_sealed BLOB;

-- When a device last called, and what was wrong with the last call that was refused. Written now and then.
CREATE TABLE device_call (
  device_id INTEGER PRIMARY KEY REFERENCES device (id),
  called_at INTEGER,
  refused_at INTEGER,
  refused_code TEXT NOT NULL DEFAULT '',
  refused_text TEXT NOT NULL DEFAULT ''
) STRICT;

-- Extension to e-mail address; `learned` is 1 for what a device said in a call, which an imported line outranks.
CREATE TABLE directory (
  device_id INTEGER NOT NULL REFERENCES device (id),
  extension TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL DEFAULT '',
  learned INTEGER NOT NULL CHECK (learned IN (0, 1)),
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (device_id, extension)
) STRICT, WITHOUT ROWID;

-- Callers that no device is known for. Never more than a few dozen rows; nothing of what they said but one subject.
CREATE TABLE pending_device (
  name TEXT NOT NULL,
  address TEXT NOT NULL,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  profile TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (name, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE ignored_device (
  name TEXT PRIMARY KEY,
  ignored_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What announced itself on the network. Claims of strangers: shown, never used.
CREATE TABLE found_device (
  name TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  port INTEGER NOT NULL,
  product TEXT NOT NULL,
  hostname TEXT NOT NULL,
  mac TEXT NOT NULL,
  last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
