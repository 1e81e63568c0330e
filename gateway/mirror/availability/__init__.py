"""When a room is taken, by our meetings and by what its calendar says; nothing is scheduled here."""
