-- Which firmware a device has, as it says itself; '' while it has not said so.

ALTER TABLE device ADD COLUMN firmware TEXT NOT NULL DEFAULT '';
