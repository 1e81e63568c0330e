"""The outbox is emptied into the calendars, each event looked at before it is repeated; nothing is read back here."""
