"""The checks that say in one sentence what is wrong and what to do next; nothing is repaired here."""
