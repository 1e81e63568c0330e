"""The file for whoever helps: gathered, made free of secrets, shown before it is sent; nothing is sent here."""
