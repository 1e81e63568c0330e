"""The safe page: what an administrator sees of a gateway whose configuration is broken."""
