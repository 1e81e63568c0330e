"""Simulated devices that call a gateway, each in its own dialect; the UCM that is asked lives in the room beside."""
