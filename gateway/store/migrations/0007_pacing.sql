-- The outbox is emptied soonest meeting first, device by device and account by account.

-- `lane` is the device (0 where there is none) and `starts_at_ms` when its meeting begins, 0 when nobody said.
-- `account_id` is the account in whose calendar the event is or may be, 0 while the device's choice decides. `ready` is
-- 1 for rows that are known to be due, so that finding the soonest meeting never passes over those that wait. `asked`
-- counts how often the row was asked for, so that who ends one job sees that there is another to do.
ALTER TABLE outbox ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN starts_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN account_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN ready INTEGER NOT NULL DEFAULT 0 CHECK (ready IN (0, 1));
ALTER TABLE outbox ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;

UPDATE outbox SET
  lane = coalesce((SELECT device_id FROM meeting WHERE id = subject_id), 0),
  starts_at_ms = coalesce((SELECT json_extract(body, '$.s') * 1000 FROM meeting WHERE id = subject_id), 0),
  account_id = coalesce((SELECT account_id FROM mirrored WHERE meeting_id = subject_id AND state <> 'gone'), 0)
WHERE kind = 'mirror';

DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (kind, not_before) WHERE ready = 0 AND hold IS NULL AND claimed_by IS NULL;
CREATE INDEX outbox_ready ON outbox (kind, lane, account_id, starts_at_ms)
  WHERE ready = 1 AND hold IS NULL AND claimed_by IS NULL;
