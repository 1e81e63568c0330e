-- Keys with which scripts and monitoring read; `key_hash` is the SHA-256 of the key, which stands nowhere.
-- `scopes` are words with a space between them. `ends_at` is NULL for a key without an end. Times are ms UTC.

CREATE TABLE api_key (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE COLLATE NOCASE,
  key_hash BLOB NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  ends_at INTEGER,
  used_at INTEGER
) STRICT;
