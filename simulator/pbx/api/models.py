"""What differs between the simulated UCMs: names of actions, limits by model, and the web interface of the UCM6200."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Which words a UCM understands."""

    UCM6300 = "ucm6300"
    UCM6200 = "ucm6200"


class Verb(StrEnum):
    """What a call about meetings wants."""

    LIST = "list"
    GET = "get"
    ADD = "add"
    UPDATE = "update"
    DELETE = "delete"


ACTIONS: dict[Family, dict[str, Verb]] = {
    # One third-party catalogue of a UCM6304A names these; nobody has confirmed them on a device.
    Family.UCM6300: {
        "listMultimediaConferenceReservationInfo": Verb.LIST,
        "getMultimediaConferenceReservation": Verb.GET,
        "addMultimediaConferenceReservation": Verb.ADD,
        "updateMultimediaConferenceReservation": Verb.UPDATE,
        "deleteMultimediaConferenceReservation": Verb.DELETE,
    },
    # The vendor's web interface of the UCM6100, UCM6200 and UCM6500 families.
    Family.UCM6200: {
        "listMeetme": Verb.LIST,
        "listMeetmeInfo": Verb.LIST,
        "getMeetme": Verb.GET,
        "addMeetme": Verb.ADD,
        "updateMeetme": Verb.UPDATE,
        "deleteMeetme": Verb.DELETE,
    },
}
"""The actions about meetings by family."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A product: how many public rooms it has, and how many members a meeting may have, the host among them."""

    name: str
    family: Family
    rooms: int
    members: int
    firmware: str


MODELS = {
    model.name: model
    for model in (
        Model(name="UCM6301", family=Family.UCM6300, rooms=4, members=75, firmware="1.0.25.7"),
        Model(name="UCM6302", family=Family.UCM6300, rooms=8, members=150, firmware="1.0.25.7"),
        Model(name="UCM6304", family=Family.UCM6300, rooms=15, members=200, firmware="1.0.25.7"),
        Model(name="UCM6308", family=Family.UCM6300, rooms=25, members=300, firmware="1.0.25.7"),
        Model(name="UCM6202", family=Family.UCM6200, rooms=3, members=25, firmware="1.0.20.38"),
        Model(name="UCM6204", family=Family.UCM6200, rooms=6, members=32, firmware="1.0.20.38"),
        Model(name="UCM6510", family=Family.UCM6200, rooms=8, members=64, firmware="1.0.20.38"),
    )
}
"""Rooms of the older models are guessed; their numbers of members are three limits the vendor's code has."""

FIRST_ROOM = 6300
"""Number of the first public room; a guess after the vendor's example."""
