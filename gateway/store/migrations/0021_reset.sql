-- By what an event that was left in a calendar is known again for certain: a hash of the device's name and of the
-- device's own id of the meeting. Empty where that is not known, as after a restored backup.

ALTER TABLE left_event ADD COLUMN source BLOB NOT NULL DEFAULT x'';
CREATE INDEX left_event_source ON left_event (source) WHERE length(source) > 0;
