"""Devices that cannot push are asked, and what they list is handed to `intake`; how they are asked is `pbx`."""
