-- Occurrences of a series that are not as its rule says.

-- `original_start_utc_s` and `original_local` are when the rule puts, or once put, the occurrence. `state`: `changed`
-- (`body`), `cancelled` (`body` is what it said before), `plain` (as the rule says again), `orphan` (the rule has none
-- there any more, but a calendar may hold one, if only as cancelled). `delivered` is what the calendar is known to hold there,
-- NULL when that has to be looked at.
CREATE TABLE occurrence (
  meeting_id INTEGER NOT NULL REFERENCES meeting (id),
  original_start_utc_s INTEGER NOT NULL,
  original_local TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('changed', 'cancelled', 'plain', 'orphan')),
  sequence INTEGER,
  fingerprint TEXT NOT NULL,
  body TEXT,
  delivered TEXT,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (meeting_id, original_start_utc_s)
) STRICT, WITHOUT ROWID;

-- How many rows of `occurrence` a meeting has, so that the many that have none cost no second question.
ALTER TABLE meeting ADD COLUMN exceptions INTEGER NOT NULL DEFAULT 0;
