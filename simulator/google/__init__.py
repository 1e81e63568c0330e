"""The simulated Google: OAuth, Calendar v3, faults and a readable calendar page; nothing of the gateway lives here."""

from simulator.google.app import SimulatedGoogle

__all__ = ["SimulatedGoogle"]
