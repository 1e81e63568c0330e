"""A simulated UCM that is asked, over its HTTPS API or its web interface; what a UCM pushes is in the rooms beside."""

from simulator.pbx.api.server import SimulatedUcm

__all__ = ["SimulatedUcm"]
