"""One profile as data: what a family of devices is, says and allows; how files and calls are read is not here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.domain.occurrence import OriginalStart
from gateway.messages.languages import language
from gateway.profiles.fields import Field, Rules, Trust
from gateway.profiles.opening import Opening
from gateway.profiles.plan import Plan
from gateway.profiles.vocabulary import Credential, Dialect, ReplyWord, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A device this profile is for; `firmware` is the least version, in the maker's words."""

    brand: str
    model: str
    firmware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something a user of this profile must know; `link` leads to where it is described.

    `double_entries` says that the device can write into the calendar itself, so that meetings would be there twice.
    """

    text: str
    link: str | None = None
    double_entries: bool = False
    others: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The text in other languages, by their codes."""

    @property
    def shown(self) -> str:
        """The text in the language that is spoken, in English where nobody translated it."""
        return self.others.get(language(), self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupStep:
    """One thing to set on the device: where, which field, to what; `transport` when only one of the two needs it."""

    where: str
    field: str
    value: str
    transport: Transport | None = None
    others: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict, hash=False)
    """By the code of another language: which of `where`, `field` and `value` are said how there."""

    @property
    def shown(self) -> SetupStep:
        """The step in the language that is spoken, in English where nobody translated it."""
        words = self.others.get(language(), {})
        where, name, value = (
            words.get("where", self.where),
            words.get("field", self.field),
            words.get("value", self.value),
        )
        return replace(self, where=where, field=name, value=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLimits:
    """What one model allows: how many rooms it has, how many invitees besides the host; None where nobody says."""

    model: str
    rooms: int | None = None
    invitees: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The words of the UCM HTTPS API, which the gateway speaks both ways; no name of it is known outside profiles.

    `shape` is the shape of a meeting in it. `schedule`, `change` and `cancel` are names of actions, the first of each
    is the one written; `get`, `list`, `clock` and `status` are actions too, None where there is none. `clock_path`,
    `firmware_path`, `items` and `detail` lead, with dots between, through the response: to the clock, to the version of
    the firmware, to the list of meetings (or the mapping by id), to one meeting ("" is the response itself). The
    `…_parameter`s and `sort_by` are sent unless they are ""; `total_pages` and `total_items` are keys of the response,
    "" for none. `every_s` is in seconds.
    """

    shape: str
    schedule: tuple[str, ...]
    change: tuple[str, ...]
    cancel: tuple[str, ...]
    get: str | None
    list: str | None
    clock: str | None
    clock_path: str
    status: str | None
    firmware_path: str
    id_parameter: str
    items: str
    detail: str
    page_parameter: str
    size_parameter: str
    sort_parameter: str
    order_parameter: str
    options_parameter: str
    sort_by: str
    page_size: int
    total_pages: str
    total_items: str
    port: int
    path: str
    version: str
    every_s: int
    trust: Trust
    source: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A place in a reply where a part of the gateway's own answer stands."""

    word: ReplyWord


Constant = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer in the device's words: the HTTP status, the media type, and the keys of its body in order."""

    status: int
    content_type: str
    body: tuple[tuple[str, Constant | Ref], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replies:
    """What a device is answered: to a call that was kept, that said the same as before, that cannot be accepted, that
    should come again later. None is the gateway's own answer.
    """

    accepted: Reply | None = None
    unchanged: Reply | None = None
    refused: Reply | None = None
    later: Reply | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A call and what it must become; the tests replay it in both directions.

    `at_utc_s` is the time at which the call is made, `call` the fields as the device sends them or `body` the whole
    body as text in `dialect`. `meeting` is the expected parts of the meeting, `payload` (if given) what the device
    reads back, `reply` (if given) what it is answered. `cancels` says that the call cancels, `original_start` which
    occurrence it is about.
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
    dialect: Dialect | None = None
    body: str | None = None
    cancels: bool = False
    original_start: OriginalStart | None = None
    reply: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One of the forms in which these devices write a meeting.

    It is recognised by the fields `recognise`; `unused` are fields the device is known to send that mean nothing to a
    calendar; `unwrap` is the field that holds the meeting, if one does. `opening` brings fields from inside objects to
    the top, None when there are none; `typed` and `texts` are the compiled plans, for JSON values and for form bodies.
    """

    name: str
    title: str
    source: str
    trust: Trust
    recognise: frozenset[str]
    fields: tuple[Field, ...]
    unused: frozenset[str]
    rules: Rules
    unwrap: str | None = None
    opening: Opening | None = field(default=None, repr=False, compare=False)
    typed: Plan = field(repr=False, compare=False)
    texts: Plan = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A family of devices; `id` is the path of its file (`grandstream/ucm6300`).

    `models` are the models that have limits of their own, `model` the one whose limits hold in this profile.
    `says_more` is true when a call may be about one occurrence or may cancel.
    """

    id: str
    title: str
    source: str
    trust: Trust
    products: tuple[Product, ...]
    caveats: tuple[Caveat, ...]
    setup: tuple[SetupStep, ...]
    shapes: tuple[Shape, ...]
    examples: tuple[Example, ...]
    transports: frozenset[Transport] = frozenset({Transport.PUSH})
    dialects: frozenset[Dialect] = frozenset({Dialect.JSON, Dialect.FORM})
    credentials: frozenset[Credential] = frozenset({Credential.BEARER, Credential.BASIC})
    api: Api | None = None
    replies: Replies | None = None
    models: tuple[ModelLimits, ...] = ()
    model: ModelLimits | None = None
    extends: str | None = None
    says_more: bool = False
