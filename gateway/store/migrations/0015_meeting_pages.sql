-- Meetings are found by when they take place, so that a page of them costs the same however many are stored.

-- When a meeting begins and ends (for a series: its first occurrence), seconds since 1970; kept in the indexes only.
ALTER TABLE meeting ADD COLUMN start_s INTEGER GENERATED ALWAYS AS (json_extract(body, '$.s')) VIRTUAL;
ALTER TABLE meeting ADD COLUMN end_s INTEGER GENERATED ALWAYS AS (json_extract(body, '$.e')) VIRTUAL;
CREATE INDEX meeting_start ON meeting (start_s, end_s, device_id);
CREATE INDEX meeting_kept ON meeting (start_s) WHERE kept_edits > 0;
CREATE INDEX meeting_cancelled ON meeting (start_s) WHERE state = 'cancelled';
CREATE INDEX meeting_not_wanted ON meeting (start_s) WHERE sync = 0;
CREATE INDEX occurrence_start ON occurrence (json_extract(body, '$.s')) WHERE state = 'changed';
CREATE INDEX audit_object ON audit (object, id);

-- On which days and when a series falls, by the clocks of its zone: one row for each weekday of a weekly series, one for
-- every other. `bucket` is the weekday (0 is Monday) of a weekly series, 7 for a daily one, 10 + the day of the month for
-- the others; `tod_s` the seconds since midnight. It falls on a day from `first_day` to `last_day` (days since 1970) whose
-- number (for the others: the number of whose month, year * 12 + month - 1) leaves `phase` when divided by `every`. With
-- `exact` = 0 `last_day` may be too late. Nothing begins after `until_s` (seconds since 1970), where there is one. Never
-- expanded, so it is written only when the rule is.
CREATE TABLE series_slot (
  zone TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  tod_s INTEGER NOT NULL,
  meeting_id INTEGER NOT NULL,
  first_day INTEGER NOT NULL,
  last_day INTEGER NOT NULL,
  every INTEGER NOT NULL,
  phase INTEGER NOT NULL,
  exact INTEGER NOT NULL CHECK (exact IN (0, 1)),
  until_s INTEGER,
  PRIMARY KEY (zone, bucket, tod_s, meeting_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX series_slot_meeting ON series_slot (meeting_id);

-- The rule of each series as stored, with the day (days since 1970) and the time of day of its start.
CREATE VIEW series_rule AS
SELECT id AS meeting_id, json_extract(body, '$.z') AS zone, json_extract(body, '$.sl') AS start_local,
  CAST(strftime('%s', json_extract(body, '$.sl')) AS INTEGER) / 86400 AS day,
  CAST(strftime('%s', json_extract(body, '$.sl')) AS INTEGER) % 86400 AS tod_s,
  json_extract(body, '$.rp.f') AS frequency, coalesce(json_extract(body, '$.rp.n'), 1) AS interval,
  json_extract(body, '$.rp.c') AS count, json_extract(body, '$.rp.u') AS until_s,
  json_extract(body, '$.rp.d') AS weekdays
FROM meeting WHERE json_extract(body, '$.rp') IS NOT NULL;

-- The weekdays of each weekly series: `place` among them in the week, `before` how many come before the start's own.
CREATE VIEW series_weekday AS
SELECT r.*, (instr('MOTUWETHFRSASU', w.value) - 1) / 2 AS weekday, (r.day + 3) % 7 AS own_weekday,
  json_array_length(coalesce(r.weekdays, '["-"]')) AS number,
  (SELECT count(*) FROM json_each(r.weekdays) AS o WHERE instr('MOTUWETHFRSASU', o.value) < instr('MOTUWETHFRSASU', w.value)) AS place,
  (SELECT count(*) FROM json_each(r.weekdays) AS o WHERE (instr('MOTUWETHFRSASU', o.value) - 1) / 2 < (r.day + 3) % 7) AS before
FROM series_rule AS r, json_each(coalesce(r.weekdays, json_array(substr('MOTUWETHFRSASU', (r.day + 3) % 7 * 2 + 1, 2)))) AS w
WHERE r.frequency = 'weekly';

-- What `series_slot` holds. No series goes on for longer than 1830 days here; day numbers of UTC may be one too late.
CREATE VIEW series_slot_wanted AS
SELECT zone, 7 AS bucket, tod_s, meeting_id, day AS first_day,
  min(day + 1830, coalesce(day + (count - 1) * interval, day + 1830), coalesce(until_s / 86400 + 1, day + 1830)) AS last_day,
  interval AS every, day % interval AS phase, 1 AS exact, until_s
FROM series_rule WHERE frequency = 'daily' AND interval BETWEEN 1 AND 99
UNION ALL
SELECT zone, weekday, tod_s, meeting_id, day,
  min(day + 1830, coalesce(until_s / 86400 + 1, day + 1830),
    CASE WHEN count IS NULL THEN day + 1830 WHEN count - 1 - place + before < 0 THEN day
    ELSE day - own_weekday + weekday + 7 * interval * ((count - 1 - place + before) / number) END),
  7 * interval, (day - own_weekday + weekday) % (7 * interval), 1, until_s
FROM series_weekday WHERE interval BETWEEN 1 AND 99
UNION ALL
SELECT zone, 10 + CAST(strftime('%d', start_local) AS INTEGER), tod_s, meeting_id, day,
  min(day + 1830, coalesce(until_s / 86400 + 1, day + 1830),
    CASE WHEN count IS NULL OR CAST(strftime('%d', start_local) AS INTEGER) > 28 THEN day + 1830
    ELSE CAST(strftime('%s', substr(start_local, 1, 10), '+' || (months * (count - 1)) || ' months') AS INTEGER) / 86400 END),
  months, (CAST(strftime('%Y', start_local) AS INTEGER) * 12 + CAST(strftime('%m', start_local) AS INTEGER) - 1) % months,
  count IS NULL OR CAST(strftime('%d', start_local) AS INTEGER) <= 28, until_s
FROM (SELECT *, CASE frequency WHEN 'yearly' THEN 12 * interval ELSE interval END AS months FROM series_rule)
WHERE frequency IN ('monthly', 'yearly') AND interval BETWEEN 1 AND 99;

INSERT OR IGNORE INTO series_slot SELECT * FROM series_slot_wanted;

CREATE TRIGGER series_made AFTER INSERT ON meeting WHEN json_extract(new.body, '$.rp') IS NOT NULL
BEGIN
  INSERT OR IGNORE INTO series_slot SELECT * FROM series_slot_wanted WHERE meeting_id = new.id;
END;

CREATE TRIGGER series_changed AFTER UPDATE OF body ON meeting
WHEN json_extract(new.body, '$.rp') IS NOT NULL OR json_extract(old.body, '$.rp') IS NOT NULL
BEGIN
  DELETE FROM series_slot WHERE meeting_id = new.id;
  INSERT OR IGNORE INTO series_slot SELECT * FROM series_slot_wanted WHERE meeting_id = new.id;
END;

CREATE TRIGGER series_removed AFTER DELETE ON meeting WHEN json_extract(old.body, '$.rp') IS NOT NULL
BEGIN
  DELETE FROM series_slot WHERE meeting_id = old.id;
END;
