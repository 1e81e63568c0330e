"""One profile as data: what a family of devices is, says and allows; how files and calls are read is not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.profiles.fields import Field, Rules, Trust
from gateway.profiles.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A device this profile is for; `firmware` is the least version, in the maker's words."""

    brand: str
    model: str
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something a user of this profile must know; `link` leads to where it is described."""

    text: str
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One thing to set on the device: where, which field, to what."""

    where: str
    field: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call and what it must become; the tests replay it in both directions.

    `at_utc_s` is the time at which the call is made, `call` the fields as the device sends them, `meeting` the
    expected parts of the meeting, `payload` (if given) what the device reads back.
    """

    name: str
    source: str
    shape: str
    at_utc_s: int
    call: Mapping[str, object]
    meeting: Mapping[str, object]
    payload: Mapping[str, object] | None = None
    external_id: str | None = None
    device_zone: str | None = None
    text_values: bool = False
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One of the forms in which these devices write a meeting.

    It is recognised by the fields `recognise`; `unused` are fields the device is known to send that mean nothing to a
    calendar. `typed` and `texts` are the compiled plans, for JSON values and for form bodies.
    """

    name: str
    title: str
    source: str
    trust: Trust
    recognise: frozenset[str]
    fields: tuple[Field, ...]
    unused: frozenset[str]
    rules: Rules
    typed: Plan = field(repr=False, compare=False)
    texts: Plan = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A family of devices; `id` is the path of its file (`grandstream/ucm6300`)."""

    id: str
    title: str
    source: str
    trust: Trust
    products: tuple[Product, ...]
    caveats: tuple[Caveat, ...]
    setup: tuple[SetupStep, ...]
    shapes: tuple[Shape, ...]
    examples: tuple[Example, ...]
