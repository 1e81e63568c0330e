"""The pages of backup and restore."""
