-- Secret addresses under which calendar programs read the meetings of a device, one for each device at most.
-- `token_hash` is the SHA-256 of what stands in the address, which is kept nowhere. Times are ms UTC.

CREATE TABLE calendar_feed (
  device_id INTEGER PRIMARY KEY REFERENCES device (id),
  token_hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  read_at INTEGER
) STRICT;
