"""The people's door: pages, forms and who is let in; what the pages are about is decided in the rooms below."""
