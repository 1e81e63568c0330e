"""The pages of the first run."""
