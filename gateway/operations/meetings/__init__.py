"""What an admin sees of meetings and does with them, for page and command alike; mirroring is `mirror`."""
