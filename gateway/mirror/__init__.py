"""The use cases of mirroring: a room for each part of a meeting's way; a calendar is known by `domain.target` only."""
