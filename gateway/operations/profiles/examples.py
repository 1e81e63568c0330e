"""The examples of a profile replayed: each call to what it must become, with every difference; no file is read here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

from gateway.domain.meeting import Meeting
from gateway.domain.occurrence import OriginalStart
from gateway.errors import BadPayload, Unreadable
from gateway.operations.profiles.replies import reply_body
from gateway.profiles.codings import utc_text
from gateway.profiles.model import Example, Profile
from gateway.profiles.translate import Context, Translation, head, to_meeting, to_occurrence, to_payload
from gateway.profiles.vocabulary import Dialect


class BodyCall(NamedTuple):
    """A whole body opened: its fields in the words of the profile, and what the dialect itself says about them.

    `cancels` and `original_start` are None where the dialect leaves that to the fields.
    """

    fields: Mapping[str, object]
    cancels: bool | None = None
    original_start: OriginalStart | None = None


BodyReader = Callable[[str], BodyCall]
"""Opens a body; raises `Unreadable` or `BadPayload`."""

_MISSING = "(nothing)"
_LONGEST_SHOWN = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One part that is not as the example says; `part` is its path, such as `meeting.start_utc`."""

    part: str
    expected: object
    got: object

    def lines(self) -> list[str]:
        """What was expected and what came, one below the other."""
        return [f"  {self.part}", f"    expected  {_shown(self.expected)}", f"    got       {_shown(self.got)}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of one example; `checked` are the kinds of what was compared: call, payload, reply."""

    example: Example
    checked: tuple[str, ...]
    differences: tuple[Difference, ...]


def replay(profile: Profile, readers: Mapping[Dialect, BodyReader] | None = None) -> Iterator[Replayed]:
    """Replay every example of a profile, in its order.

    `readers` open bodies that stand as text in an example, by dialect. An example about one occurrence belongs to the
    last series before it with the same external id.
    """
    series: dict[str, Meeting] = {}
    for example in profile.examples:
        one = _Replay(profile, example, series)
        one.run(readers or {})
        yield Replayed(example=example, checked=tuple(one.checked), differences=tuple(one.differences))


def meeting_words(meeting: Meeting) -> dict[str, object]:
    """A meeting in the words of `examples[].meeting`: times as text, nothing of people and rules that is not set."""
    words: dict[str, object] = asdict(meeting)
    words["start_local"], words["end_local"] = meeting.start_local.isoformat(), meeting.end_local.isoformat()
    words["start_utc"], words["end_utc"] = utc_text(meeting.start_utc_s), utc_text(meeting.end_utc_s)
    words["host"] = _set(asdict(meeting.host)) if meeting.host else None
    words["join"] = _set(asdict(meeting.join)) if meeting.join else None
    words["invitees"] = [_set(asdict(invitee)) for invitee in meeting.invitees]
    if meeting.repeat is not None:
        rule = _set(asdict(meeting.repeat))
        if isinstance(until := rule.pop("until_utc_s", None), int):
            rule["until"] = utc_text(until)
        if rule["interval"] == 1:
            del rule["interval"]
        words["repeat"] = {key: list(value) if isinstance(value, tuple) else value for key, value in rule.items()}
    return {name: value for name, value in words.items() if not name.endswith("_utc_s")}


def differences(part: str, expected: object, got: object, *, whole: bool = True) -> list[Difference]:
    """Every place where `got` is not as expected; keys that `expected` does not name count only for a `whole` one."""
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        names = [*expected, *(name for name in got if whole and name not in expected)]
        return [
            found
            for name in names
            for found in differences(f"{part}.{name}", expected.get(name, _MISSING), got.get(name, _MISSING))
        ]
    if isinstance(expected, list | tuple) and isinstance(got, list | tuple) and len(expected) == len(got):
        pairs = enumerate(zip(expected, got, strict=True))
        return [found for at, (one, two) in pairs for found in differences(f"{part}[{at}]", one, two)]
    # 1 and true are equal to Python and not to a device.
    same = isinstance(expected, bool) is isinstance(got, bool) and expected == got
    return [] if same else [Difference(part=part, expected=expected, got=got)]


class _Replay:
    """One example being replayed."""

    def __init__(self, profile: Profile, example: Example, series: dict[str, Meeting]) -> None:
        self.checked: list[str] = []
        self.differences: list[Difference] = []
        self._profile, self._example, self._series = profile, example, series
        self._context = Context(
            external_id=example.external_id,
            device_zone=example.device_zone,
            now_s=example.at_utc_s,
            text_values=example.text_values,
        )

    def run(self, readers: Mapping[Dialect, BodyReader]) -> None:
        self.checked.append("call")
        example = self._example
        try:
            call = self._call(readers)
            if call is None:
                return
            if example.cancels or example.original_start is not None or call.cancels is not None:
                self._check_head(call)
            if not example.cancels:
                self._check_meeting(self._translated(call))
        except (BadPayload, Unreadable) as refused:
            self._differs("call", "a call that is accepted", str(refused))

    def _call(self, readers: Mapping[Dialect, BodyReader]) -> BodyCall | None:
        """The fields of the call; None when there is no reader for its body, which is then noted."""
        example = self._example
        if example.body is None:
            return BodyCall(example.call)
        reader = readers.get(example.dialect) if example.dialect is not None else None
        if reader is None:
            self._differs("dialect", f"a reader of {example.dialect or 'its dialect'}", _MISSING)
            return None
        return reader(example.body)

    def _translated(self, call: BodyCall) -> Translation:
        if self._example.original_start is None:
            return to_meeting(self._profile, call.fields, self._context)
        external_id = head(self._profile, call.fields, self._context).external_id
        series = self._series.get(external_id)
        if series is None:
            self._differs("original_start", f"an example before this one with the series {external_id}", _MISSING)
            return to_meeting(self._profile, call.fields, self._context)
        return to_occurrence(self._profile, call.fields, self._context, series)

    def _check_head(self, call: BodyCall) -> None:
        example, found = self._example, head(self._profile, call.fields, self._context)
        cancels = found.cancels if call.cancels is None else call.cancels
        original = found.original_start if call.original_start is None else call.original_start
        self._compare("shape", example.shape, found.shape)
        self._compare("cancels", example.cancels, cancels)
        self._compare("original_start", _moment(example.original_start), _moment(original))
        wanted = example.meeting.get("external_id", found.external_id)
        self._compare("meeting.external_id", wanted, found.external_id)

    def _check_meeting(self, said: Translation) -> None:
        example, meeting = self._example, said.meeting
        if meeting.repeat is not None:
            self._series[meeting.external_id] = meeting
        self.differences += differences("meeting", example.meeting, meeting_words(meeting), whole=False)
        self._compare("shape", example.shape, said.shape)
        self._compare("warnings", list(example.warnings), list(said.warnings))
        self._compare("ignored", list(example.ignored), list(said.ignored))
        if example.payload is not None:
            self.checked.append("payload")
            written = to_payload(self._profile, example.shape, meeting)
            self._compare("payload", _unfolded(example.payload), _unfolded(written))
        if example.reply is not None:
            self.checked.append("reply")
            replies = self._profile.replies
            reply = replies.accepted if replies is not None else None
            self._compare("reply", dict(example.reply), reply_body(reply, meeting) if reply else _MISSING)

    def _compare(self, part: str, expected: object, got: object) -> None:
        self.differences += differences(part, expected, got)

    def _differs(self, part: str, expected: object, got: object) -> None:
        self.differences.append(Difference(part=part, expected=expected, got=got))


def _set(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value not in (None, ())}


def _unfolded(value: object) -> object:
    """The value with JSON texts as values, so that blanks in them do not matter."""
    if isinstance(value, Mapping):
        return {name: _unfolded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_unfolded(item) for item in value]
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _moment(value: OriginalStart | None) -> str | None:
    if value is None:
        return None
    return utc_text(value) if isinstance(value, int) else value.isoformat()


def _shown(value: object) -> str:
    text = value if value == _MISSING else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
