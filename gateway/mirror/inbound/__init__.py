"""What people and guests did in the calendars is read, settled and told; events are written by `outbound`."""
