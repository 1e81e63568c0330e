-- What an event lacks, what was written to it last, and its video conference.

-- `stale` rises when the event is known to say something else than wanted; 0 when it is not. `written` is JSON: what the
-- event said after the last write (`domain.facts`), the ground on which later changes of it are judged, and `content` the
-- fingerprint of that. `lacking` are
-- ways around what the calendar refused, with commas between them. `plain` is 1 while the event, in the version of
-- `etag`, holds nothing but what the gateway sends. `adopted` is 1 until an event that somebody else made carries the
-- gateway's marks.
ALTER TABLE mirrored ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mirrored ADD COLUMN written TEXT;
ALTER TABLE mirrored ADD COLUMN content TEXT;
ALTER TABLE mirrored ADD COLUMN lacking TEXT NOT NULL DEFAULT '';
ALTER TABLE mirrored ADD COLUMN plain INTEGER NOT NULL DEFAULT 0 CHECK (plain IN (0, 1));
ALTER TABLE mirrored ADD COLUMN adopted INTEGER NOT NULL DEFAULT 0 CHECK (adopted IN (0, 1));

-- The request for a video conference, stored before it is sent (empty: none); when it was first sent; how it stands
-- (empty, `pending`, `success`, `failure`); the conference's address.
ALTER TABLE mirrored ADD COLUMN meet_request TEXT NOT NULL DEFAULT '';
ALTER TABLE mirrored ADD COLUMN meet_asked_at INTEGER;
ALTER TABLE mirrored ADD COLUMN meet_state TEXT NOT NULL DEFAULT '' CHECK (meet_state IN ('', 'pending', 'success', 'failure'));
ALTER TABLE mirrored ADD COLUMN meet_link TEXT;
