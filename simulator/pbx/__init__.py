"""A simulated Grandstream UCM6300: what it books and what it pushes; shares no code with the gateway."""
