-- Calls of devices that were not accepted, kept for some days so that people can look at them.

-- `id` is made of the time at which the call came, in microseconds since 1970. `document` is JSON: what was sent, what was
-- answered. Secrets are taken out before it is written. Calls that were accepted are not here, they are kept in memory.
CREATE TABLE call (
  id INTEGER PRIMARY KEY,
  device_id INTEGER NOT NULL REFERENCES device (id),
  at INTEGER NOT NULL,
  result TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;

CREATE INDEX call_device ON call (device_id, id);
CREATE INDEX call_at ON call (at);
