"""What a device said is kept in one transaction, and told to it again; no HTTP and no calendar here."""
