"""The composition root: makes every part and gives it what it needs; the only room that knows every layer."""
