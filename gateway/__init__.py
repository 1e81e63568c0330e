"""The meeting gateway: puts meetings scheduled on PBXs into Google Calendar; only the version lives here."""

__version__ = "0.1.0"
