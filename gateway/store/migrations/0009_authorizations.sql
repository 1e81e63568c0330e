-- More than one account, and what is known of the life of each authorization.

-- The account of devices that name none; none at all after it was signed out, until an admin makes another the main one.
ALTER TABLE account ADD COLUMN main INTEGER NOT NULL DEFAULT 0 CHECK (main IN (0, 1));
-- Who could use the Google app when somebody signed in with it, as far as the admin had told; empty when not.
ALTER TABLE account ADD COLUMN audience TEXT NOT NULL DEFAULT '';
-- When the authorization last proved good, to the hour.
ALTER TABLE account ADD COLUMN used_at INTEGER;
-- `lost` while those who tell people know of it, and the end (ms UTC) of which they were warned.
ALTER TABLE account ADD COLUMN told TEXT NOT NULL DEFAULT '' CHECK (told IN ('', 'lost'));
ALTER TABLE account ADD COLUMN warned_for INTEGER;

UPDATE account SET main = 1
WHERE id = (SELECT id FROM account WHERE length(sealed) > 0 ORDER BY authorized_at DESC LIMIT 1);
UPDATE account SET used_at = changed_at WHERE length(sealed) > 0;

CREATE UNIQUE INDEX account_main ON account (main) WHERE main = 1;
