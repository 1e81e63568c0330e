"""What the event of a meeting shall say, whose it is and what it has to do without; no call is made here."""
