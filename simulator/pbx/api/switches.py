"""The switches of a simulated UCM: how it, its firmware or its line is odd at every call; `faults` hit single calls."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

ZONE_TEXTS = ("form", "code", "offset")
GARBLED = ("", "html", "truncated", "form")


class BadSwitch(ValueError):
    """There is no such switch, or it cannot be set so; the text says what may be written."""


@dataclass(slots=True, kw_only=True)
class Switches:
    """All off at first, except `zone_text` (and `confirm_delete` with the web interface of the UCM6200)."""

    fixed_0800: bool = False
    """`timezone` says `+0800` whatever the zone: a fault of one version of the web interface."""
    zone_text: str = "form"
    """How `timezone` is written: `form` as the form shows it, `code` (`Etc/GMT-1`), `offset` (`+0100`)."""
    slow_s: float = 0.0
    """Every answer comes this late."""
    cut: bool = False
    """Lists are cut off in the middle of the line."""
    garbled: str = ""
    """Lists are `html` (a page), `truncated` (half a JSON text), or of an unexpected `form`."""
    vanish: int | None = None
    """Lists know only the first so many meetings."""
    duplicate_page: bool = False
    """Every page of a list but the first repeats the first."""
    list_by_room: bool = False
    """Lists are keyed by room number, each with the meetings of that room, and are not paged."""
    clock_off_minutes: int = 0
    """The device's clock is so many minutes fast (or slow, when negative); cookies do not notice."""
    hurry: int | None = None
    """More calls than this in ten seconds are too many: -45 for 15 s, and -57 for 60 s for who goes on."""
    confirm_delete: bool = False
    """Deleting answers -67 until it is asked again with `force=yes`."""
    ban_drops: bool = False
    """A banned source is cut off instead of being answered."""
    occurrence_gap: int = 0
    """A moved occurrence is shown as cancelled in so many lists before it is shown at its new time."""

    def set(self, name: str, value: object) -> None:
        """Set one switch; a text is read as on a command line. BadSwitch when that cannot be."""
        known = {one.name: str(one.type) for one in fields(self)}
        if name not in known:
            raise BadSwitch(f"there is no switch {name!r}; there are {', '.join(sorted(known))}")
        read = _read(name, known[name], value)
        choices = {"zone_text": ZONE_TEXTS, "garbled": GARBLED}.get(name)
        if choices is not None and read not in choices:
            raise BadSwitch(f"{name} is one of {', '.join(repr(choice) for choice in choices)}, not {value!r}")
        setattr(self, name, read)

    def set_text(self, text: str) -> None:
        """Set one switch by a text such as `fixed_0800`, `slow_s=2` or `vanish=3`."""
        name, given, value = text.partition("=")
        self.set(name.strip().replace("-", "_"), value if given else True)

    def listed(self) -> dict[str, Any]:
        """Every switch with its value."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


def _read(name: str, kind: str, value: object) -> object:
    if kind == "str":
        if not isinstance(value, str):
            raise BadSwitch(f"{name} needs a text: {name}=…")
        return value
    if kind == "bool":
        return _truth(name, value)
    if value is None and "None" in kind:
        return None
    return _number(name, kind, value)


def _truth(name: str, value: object) -> bool:
    read = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in read:
        return read[value.lower()]
    raise BadSwitch(f"{name} is on or off, not {value!r}")


def _number(name: str, kind: str, value: object) -> float | int:
    given = value if isinstance(value, str | int | float) and not isinstance(value, bool) else "?"
    try:
        read = float(given) if kind == "float" else int(given)
    except ValueError as error:
        raise BadSwitch(f"{name} needs a number: {name}=5") from error
    if read != read or read in (float("inf"), float("-inf")) or (read < 0 and name != "clock_off_minutes"):
        raise BadSwitch(f"{name} cannot be {value!r}")
    return read
