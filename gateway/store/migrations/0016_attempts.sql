-- How each attempt to bring a meeting to its calendar went; only the newest ones of a meeting, for some weeks.

-- `n` rises with every attempt of a meeting, `number` counts those since it was last changed or sent again; `at` is when
-- it began. `done` is 1 when the calendar is as wanted but for what `code` names, NULL when nobody knows how it ended.
-- `next_at` is when it is tried again. `calls` are the calls it made: `operation,ms since at,took ms,HTTP status,code`,
-- with semicolons between them.
CREATE TABLE attempt (
  meeting_id INTEGER NOT NULL,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  number INTEGER NOT NULL,
  done INTEGER CHECK (done IN (0, 1)),
  code TEXT NOT NULL,
  next_at INTEGER,
  calls TEXT NOT NULL,
  PRIMARY KEY (meeting_id, n)
) STRICT, WITHOUT ROWID;
