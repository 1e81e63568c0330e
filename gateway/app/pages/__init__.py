"""Puts the people's pages together, one module for each room of pages; what they are made of is given in `Parts`."""
