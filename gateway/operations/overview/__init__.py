"""What the dashboard says: lights, what needs attention, what happened; nothing is changed here."""
