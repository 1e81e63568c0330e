"""The only SQL: the database, its migrations, one module per table."""
