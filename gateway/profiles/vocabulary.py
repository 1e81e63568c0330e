"""Every key a profile's file may have, section by section; what a value does is decided where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.meeting import Frequency, Weekday
from gateway.domain.zones import ZoneCoding
from gateway.messages.languages import LANGUAGES
from gateway.profiles.fields import NEEDABLE, Coding, Part, Trust, Unit


class Transport(StrEnum):
    """Who starts the talk: the device calls the gateway, or the gateway asks the device."""

    PUSH = "push"
    POLL = "poll"


class Dialect(StrEnum):
    """What the bytes of a call look like."""

    JSON = "json"
    FORM = "form"
    UCM_ENVELOPE = "ucm_envelope"
    ITIP = "itip"
    JITSI = "jitsi"
    ACTION_URL = "action_url"


class Credential(StrEnum):
    """How a device proves who it is."""

    BEARER = "bearer"
    BASIC = "basic"
    DIGEST = "digest"
    DIGEST_MD5 = "digest_md5"
    """Digest with MD5 beside SHA-256, for devices that know nothing better."""
    UCM_CHALLENGE = "ucm_challenge"
    QUERY_KEY = "query_key"


class UnknownFields(StrEnum):
    """What becomes of fields nobody knows."""

    REFUSE = "refuse"
    IGNORE = "ignore"


class ReplyWord(StrEnum):
    """What a reply can repeat from the gateway's own answer."""

    ID = "id"
    EXTERNAL_ID = "external_id"
    STATE = "state"
    REVISION = "revision"
    START_UTC = "start_utc"
    END_UTC = "end_utc"
    ZONE = "zone"
    DETAIL = "detail"
    CODE = "code"


class Kind(StrEnum):
    """What the value of a key must be."""

    TEXT = "text"
    FLAG = "flag"
    """True or false."""
    COUNT = "count"
    """A whole number of at least 1."""
    WHOLE = "whole"
    """A whole number."""
    SPAN = "span"
    """Two whole numbers, the lower one first."""
    TEXTS = "texts"
    WORD = "word"
    """One of `words`."""
    WORDS = "words"
    """A list of `words`."""
    CONSTANTS = "constants"
    """A list of texts, whole numbers, true and false."""
    SCALAR = "scalar"
    """A text, a whole number, true or false."""
    NAMES = "names"
    """A mapping of texts to texts."""
    FREE = "free"
    """A mapping, not looked into."""
    SECTION = "section"
    """The section named by `section`."""
    SECTIONS = "sections"
    """A list of such sections."""
    BY_NAME = "by_name"
    """Such sections, each under a name of its own (one of `words`, if there are any)."""
    CHOICES = "choices"
    """The device's words, each with what it means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key of a section; `meaning` is a sentence for the reference."""

    kind: Kind
    required: bool = False
    words: tuple[str, ...] = ()
    section: str = ""
    meaning: str = ""


def _text(meaning: str, *, required: bool = False) -> Key:
    return Key(kind=Kind.TEXT, required=required, meaning=meaning)


def _count(meaning: str) -> Key:
    return Key(kind=Kind.COUNT, meaning=meaning)


def _flag(meaning: str) -> Key:
    return Key(kind=Kind.FLAG, meaning=meaning)


def _texts(meaning: str, *, required: bool = False) -> Key:
    return Key(kind=Kind.TEXTS, required=required, meaning=meaning)


def _word(words: Iterable[str], meaning: str, *, required: bool = False) -> Key:
    return Key(kind=Kind.WORD, required=required, words=tuple(words), meaning=meaning)


def _words(words: Iterable[str], meaning: str) -> Key:
    return Key(kind=Kind.WORDS, words=tuple(words), meaning=meaning)


def _section(name: str, meaning: str) -> Key:
    return Key(kind=Kind.SECTION, section=name, meaning=meaning)


def _sections(name: str, meaning: str, *, required: bool = False) -> Key:
    return Key(kind=Kind.SECTIONS, section=name, required=required, meaning=meaning)


TRANSLATED: Mapping[str, str] = {code: name for code, name in LANGUAGES.items() if code != "en"}
"""The languages that texts for people may be given in besides English: code and own name."""

_TRUST = _word(Trust, "how sure it is", required=True)
_SOURCE = _text("where its words come from", required=True)
_PERSON_PARTS = (Part.EXTENSION, Part.EMAIL, Part.NAME, Part.IS_HOST)
_LIMITS = {
    "external_id": _count("characters of the device's id of a meeting"),
    "subject": _count("characters of a subject"),
    "agenda": _count("characters of an agenda"),
    "invitees": _count("invitees besides the host"),
    "password": Key(kind=Kind.SPAN, meaning="fewest and most digits of a PIN"),
    "reminder_minutes": Key(kind=Kind.SPAN, meaning="shortest and longest reminder"),
    "room": _count("characters of a room"),
    "extension": _count("characters of an extension"),
    "name": _count("characters of a person's name"),
}

SECTIONS: Mapping[str, Mapping[str, Key]] = {
    "profile": {
        "extends": _text("the profile whose keys hold where this file says nothing; that one must not extend another"),
        "title": _text("what it is", required=True),
        "source": _SOURCE,
        "trust": _TRUST,
        "products": _sections("product", "the devices it is for, as sold", required=True),
        "caveats": _sections("caveat", "what a user must know"),
        "setup": _sections("setup", "what to set on the device"),
        "transports": _words(Transport, "who starts the talk; push if left out"),
        "dialects": _words(Dialect, "what the calls look like; json and form if left out"),
        "credentials": _words(Credential, "how a device proves who it is; bearer and basic if left out"),
        "unknown_fields": _word(UnknownFields, "what becomes of fields nobody knows", required=True),
        "limits": _section("profile_limits", "what these devices allow"),
        "zone": _section("zone", "how zones are written"),
        "api": _section("api", "the UCM HTTPS API's words"),
        "replies": Key(
            kind=Kind.BY_NAME,
            words=("accepted", "unchanged", "refused", "later"),
            section="reply",
            meaning="answers other than the gateway's own",
        ),
        "shapes": Key(
            kind=Kind.BY_NAME, required=True, section="shape", meaning="the forms in which a meeting is written"
        ),
        "examples": _sections("example", "calls and what they must become"),
    },
    "product": {
        "brand": _text("the maker", required=True),
        "model": _text("the model, without the brand", required=True),
        "firmware": _text("the least firmware, such as >=1.0.25.7"),
    },
    "caveat": {
        "text": _text("one sentence", required=True),
        "link": _text("where it is described"),
        "double_entries": _flag("the device can write into the calendar itself: meetings would be there twice"),
        **{code: _text(f"the sentence in {name}") for code, name in TRANSLATED.items()},
    },
    "setup": {
        "where": _text("the place on the device", required=True),
        "field": _text("the name of the field", required=True),
        "value": _text("what to enter", required=True),
        "for": _word(Transport, "only for devices that call (push), or that are asked (poll)"),
        **{code: _section("setup_words", f"these words in {name}") for code, name in TRANSLATED.items()},
    },
    "setup_words": {
        "where": _text("the place on the device; left out where its menus are not translated"),
        "field": _text("the name of the field"),
        "value": _text("what to enter, with the placeholders of the English one"),
    },
    "limits": _LIMITS,
    "profile_limits": {**_LIMITS, "models": _sections("model", "what single models allow")},
    "model": {
        "model": _text("the model's name, as devices[].model takes it", required=True),
        "rooms": _count("rooms of this model"),
        "invitees": _count("invitees besides the host"),
    },
    "zone": {
        "codings": _words(ZoneCoding, "which kinds of zone text occur; iana, etc_label and offset_text if left out"),
        "suspect": _texts("zone texts that some firmware sends whatever its clock says"),
        "aliases": Key(kind=Kind.NAMES, meaning="zone texts of these devices' own, with their IANA names"),
    },
    "api": {
        "shape": _text("the shape of a meeting in this API", required=True),
        "schedule": _texts("actions that create a meeting, the first is the one written", required=True),
        "change": _texts("actions that change one"),
        "cancel": _texts("actions that cancel one"),
        "get": _text("the action that tells one meeting"),
        "list": _text("the action that lists meetings"),
        "clock": _text("the action that tells the device's clock"),
        "clock_path": _text("where in its response the clock stands, with dots between"),
        "status": _text("the action that tells the device's firmware"),
        "firmware_path": _text("where in its response the version stands, with dots between"),
        "id_parameter": _text("the parameter that names a meeting", required=True),
        "items": _text("where in the response of `list` the meetings stand: a list, or a mapping by id"),
        "detail": _text("where in the response of `get` the meeting stands; the response itself if left out"),
        "page_parameter": _text("the parameter for the page's number"),
        "size_parameter": _text("the parameter for the page's size"),
        "sort_parameter": _text("the parameter for the field to sort by"),
        "order_parameter": _text("the parameter for the order"),
        "options_parameter": _text("the parameter for the fields that are wanted"),
        "sort_by": _text("the field to sort by"),
        "page_size": _count("meetings on one page"),
        "total_pages": _text("the key for the number of pages"),
        "total_items": _text("the key for the number of meetings"),
        "port": _count("the port if the admin names none"),
        "path": _text("the path of the API"),
        "version": _text("the version named in the challenge"),
        "every_s": _count("seconds between two looks if the admin says nothing"),
        "trust": _TRUST,
        "source": _SOURCE,
    },
    "reply": {
        "status": _count("the HTTP status"),
        "content_type": _text("the media type; JSON if left out"),
        "body": Key(kind=Kind.FREE, meaning="keys with constants, or with {is: WORD} for a part of the answer"),
    },
    "reply_word": {"is": _word(ReplyWord, "which part of the gateway's own answer", required=True)},
    "shape": {
        "title": _text("what it is", required=True),
        "source": _SOURCE,
        "trust": _TRUST,
        "recognise": _texts("the fields by which a call is told to have this shape", required=True),
        "unwrap": _text("the field that holds the meeting, as an object or as JSON text"),
        "limits": _section("limits", "only those that differ"),
        "fields": Key(
            kind=Kind.BY_NAME,
            required=True,
            words=tuple(part for part in Part if part not in _PERSON_PARTS),
            section="field",
            meaning="parts of a meeting, and how each is written",
        ),
        "unused": _texts("fields the device is known to send that mean nothing to a calendar"),
    },
    "field": {
        "name": _text("the device's name of the field"),
        "path": _text("instead of name: the way into objects, with dots between"),
        "as": _word(Coding, "the coding", required=True),
        "trust": _word(Trust, "when it differs from the shape's"),
        "source": _text("when it differs from the shape's"),
        "fallback": _text("external_id: another field to read when this one is not sent"),
        "choices": Key(kind=Kind.CHOICES, meaning="choice and day_list: the device's words and what they mean"),
        "yes": Key(kind=Kind.CONSTANTS, meaning="truth: the words for yes, the first is the one written"),
        "no": Key(kind=Kind.CONSTANTS, meaning="truth: the words for no, likewise"),
        "unit": _word(Unit, "duration: what is counted; minutes if left out"),
        "default": Key(kind=Kind.SCALAR, meaning="texts and numbers: what it means when the field is not sent"),
        "none": Key(kind=Kind.WHOLE, meaning="numbers: the number that means none"),
        "json_text": _flag("a list that comes as JSON text inside the field"),
        "needs": _word(NEEDABLE, "truth values: the part that must be there when this is true"),
        "each": Key(
            kind=Kind.BY_NAME, words=_PERSON_PARTS, section="field", meaning="a person: the parts of one, as fields"
        ),
        "unused": _texts("a person: fields passed over"),
        "secret": _flag("never written again and never shown"),
        "private": _flag("not shown where calls are shown"),
    },
    "repeat_choice": {
        "frequency": _word(Frequency, "how a series repeats", required=True),
        "interval": _count("every how many"),
        "weekdays": _words(Weekday, "on which days, in RFC 5545's two letters"),
    },
    "example": {
        "name": _text("what it shows", required=True),
        "source": _text("where the call comes from", required=True),
        "shape": _text("the shape of the call", required=True),
        "at": _text("the time at which the call is made, with Z", required=True),
        "device_zone": _text("as devices[].time_zone"),
        "external_id": _text("the id in the address of the call"),
        "text_values": _flag("the call is a form body"),
        "dialect": _word(Dialect, "of `body`; else what `text_values` says"),
        "call": Key(kind=Kind.FREE, meaning="the fields as the device sends them"),
        "body": _text("instead of call: the whole body as text"),
        "meeting": Key(kind=Kind.FREE, meaning="the parts of the meeting to compare"),
        "cancels": _flag("the call cancels the meeting, or the occurrence at `original_start`"),
        "original_start": _text("the occurrence the call is about: an instant with Z, or local time"),
        "warnings": _texts("all warnings, word for word"),
        "ignored": _texts("all fields passed over"),
        "payload": Key(kind=Kind.FREE, meaning="what the device reads back"),
        "reply": Key(kind=Kind.FREE, meaning="the body of the answer the device gets"),
    },
}
"""Every section by name; `profile` is the file itself."""
