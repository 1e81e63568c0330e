"""Who may call: device credentials; no HTTP, no SQL."""
