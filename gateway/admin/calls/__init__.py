"""The pages of the calls of devices: lists, one call from all sides, done again, saved."""
