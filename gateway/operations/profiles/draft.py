"""A profile's file drafted from captured calls: what was guessed, what is unsure, each call as an example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import NamedTuple

from gateway import yaml_source
from gateway.domain.meeting import Meeting
from gateway.errors import BadPayload, GatewayError, ProfileError
from gateway.operations.profiles.captured import Cleaner
from gateway.operations.profiles.columns import MAX_CALLS, Call, opened
from gateway.operations.profiles.examples import meeting_words
from gateway.operations.profiles.guess import Guess, Meaning, guess
from gateway.operations.profiles.times import about_s
from gateway.operations.profiles.yaml import block, comment, flow
from gateway.profiles.codings import utc_text
from gateway.profiles.fields import Part
from gateway.profiles.model import Profile
from gateway.profiles.reader import read_profile
from gateway.profiles.translate import Context, Head, Translation, head, to_meeting

MAX_EXAMPLES = 10
_DAY_S = 86_400
_SHAPE = "call"
_CAPTURED = "captured calls"
_USUAL = {each.name: each.default for each in fields(Meeting) if each.default is not MISSING}


class DraftError(GatewayError):
    """No profile can be drafted from these calls; the text says what is missing."""

    code = "profile-draft"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """`text` is the file; `checks` are sentences about what a person should check, `refused` about calls that the
    draft does not understand.
    """

    text: str
    checks: tuple[str, ...]
    refused: tuple[str, ...]


class _Understood(NamedTuple):
    """One call with what the draft makes of it: a meeting, or a cancellation."""

    call: Call
    at_utc_s: int
    device_zone: str | None
    said: Translation | Head


def draft(profile_id: str, calls: Sequence[Call], *, time_zone: str | None, now_s: int) -> Draft:
    """A profile that understands the calls, with each of them (the first ten) as an example.

    `time_zone` is the zone of the device that made them; without one, and when the calls name none, the examples are
    read as UTC, which the draft says. `now_s` is the time now, in seconds since 1970. Raises `DraftError`.
    """
    if not calls:
        raise DraftError("there is no call in the file; capture at least one, better three")
    guessed = guess(calls[:MAX_CALLS])
    if guessed.missing:
        raise DraftError(
            "no profile can be guessed from these calls, because nothing in them looks like "
            + "; nor like ".join(guessed.missing)
        )
    cleaner = Cleaner(guessed)
    cleaned = [cleaner.call(call) for call in calls[:MAX_EXAMPLES]]
    checks = _checks(guessed, calls, time_zone)
    profile = _profile(profile_id, _file(profile_id, guessed, calls, checks, ["examples: []"]))
    examples, refused = _examples(profile, guessed, cleaned, _zone_of(guessed, time_zone), now_s)
    if not examples:
        raise DraftError("no profile can be guessed from these calls: " + "; ".join(refused))
    text = _file(profile_id, guessed, calls, [*checks, *refused], examples)
    _profile(profile_id, text)
    return Draft(text=text, checks=tuple(checks), refused=tuple(refused))


def _profile(profile_id: str, text: str) -> Profile:
    try:
        document = yaml_source.parse(text.encode())
        return read_profile(profile_id, document, f"{profile_id}.yaml")
    except (yaml_source.YamlError, ProfileError) as error:
        raise DraftError(f"the calls cannot be written down as a profile: {error}") from error


def _zone_of(guessed: Guess, time_zone: str | None) -> str | None:
    if time_zone is not None or guessed.get(Part.ZONE) is not None:
        return time_zone
    return "UTC"


def _checks(guessed: Guess, calls: Sequence[Call], time_zone: str | None) -> list[str]:
    checks = [
        f"{meaning.column.path} as {meaning.part}: {meaning.doubt}" for meaning in guessed.meanings if meaning.doubt
    ]
    checks += [f"{column.path} was not understood ({looks} in these calls)" for column, looks in guessed.unsure]
    if guessed.get(Part.ZONE) is None:
        used = f"the examples use {time_zone}" if time_zone else "the examples are read as UTC"
        checks.append(f"the calls name no time zone: set devices[].time_zone for such a device; {used}")
    if len(calls) < 3:
        checks.append(f"{len(calls)} calls tell little; three that differ in everything that can differ tell more")
    return checks


def _file(
    profile_id: str, guessed: Guess, calls: Sequence[Call], checks: Sequence[str], examples: Sequence[str]
) -> str:
    vendor, _, model = profile_id.partition("/")
    forms = {"form" if call.text_values else "json" for call in calls}
    lines = comment(
        f"Drafted from {len(calls)} captured calls; nobody has checked it yet. Addresses, names, PINs and tokens were "
        "replaced; look through the other values before you share this file.",
        0,
    )
    lines += [line for check in checks for line in comment(f"Check: {check}.", 0)]
    lines += [
        f"title: {flow(f'{_as_words(vendor)} {_as_words(model)}')}",
        f"source: {_CAPTURED}",
        "trust: simulated",
        "products:",
        f"  - {{brand: {flow(_as_words(vendor))}, model: {flow(_as_words(model))}}}",
        "transports: [push]",
        f"dialects: {flow(sorted(forms))}",
        "credentials: [bearer, basic]",
        "caveats:",
        '  - {text: "Drafted from captured calls and not checked by a person yet."}',
        "setup:",
        '  - {where: the device, field: address, value: "{gateway_address}/api/v1/devices/{device_id}/meetings"}',
        '  - {where: the device, field: Authorization header, value: "Bearer {device_key}"}',
        "unknown_fields: ignore",
        "zone:",
        f"  codings: {flow(guessed.zone_codings)}",
        "",
        *_shape(guessed),
        "",
        *examples,
    ]
    return "\n".join(lines) + "\n"


def _shape(guessed: Guess) -> list[str]:
    lines = [
        "shapes:",
        f"  {_SHAPE}:",
        "    title: The captured call",
        f"    source: {_CAPTURED}",
        "    trust: simulated",
    ]
    if guessed.unwrap:
        lines.append(f"    unwrap: {flow(guessed.unwrap)}")
    lines.append(f"    recognise: {flow(_recognise(guessed))}")
    lines.append("    fields:")
    for meaning in sorted(guessed.meanings, key=lambda meaning: list(Part).index(meaning.part)):
        if meaning.doubt:
            lines += comment(f"Check: {meaning.doubt}.", 6)
        lines += _field(meaning)
    constant = sorted({column.path.partition(".")[0] for column in guessed.constant} - _tops(guessed.meanings))
    if constant:
        lines += comment("The same in every captured call.", 4)
        lines.append(f"    unused: {flow(constant)}")
    if guessed.unsure:
        names = ", ".join(f"{column.path} ({looks})" for column, looks in guessed.unsure)
        lines += comment(f"Check: not understood, so passed over: {names}.", 4)
    return lines


def _field(meaning: Meaning) -> list[str]:
    path = meaning.column.path
    field = {"path" if "." in path else "name": path, **meaning.keys}
    each = field.pop("each", None)
    if not isinstance(each, dict):
        return [f"      {meaning.part}: {flow(field)}"]
    return [f"      {meaning.part}:", *block(field, 8), "        each:", *block(each, 10)]


def _tops(meanings: Sequence[Meaning]) -> set[str]:
    return {meaning.column.path.partition(".")[0] for meaning in meanings}


def _recognise(guessed: Guess) -> list[str]:
    """The fields without which no call came, of those that tell one kind of call from another."""
    telling = (Part.EXTERNAL_ID, Part.SUBJECT, Part.START, Part.START_DATE)
    found = [meaning for part in telling if (meaning := guessed.get(part)) is not None]
    return [meaning.column.path for meaning in found if meaning.column.always]


def _examples(
    profile: Profile, guessed: Guess, calls: Sequence[Call], device_zone: str | None, now_s: int
) -> tuple[list[str], list[str]]:
    """The examples as lines, and a sentence for each call that is not understood."""
    start = guessed.get(Part.START) or guessed.get(Part.START_DATE)
    lines, refused, at_utc_s = ["examples:"], [], now_s
    for number, call in enumerate(calls, 1):
        said = _start_value(guessed, start, call)
        about = about_s(said) if said is not None else None
        at_utc_s = at_utc_s if about is None else about - _DAY_S
        try:
            understood = _understood(profile, call, at_utc_s, device_zone)
        except BadPayload as error:
            refused.append(f"call {number} is not understood: {error}")
            continue
        lines += _example(number, understood)
    return (lines, refused) if len(lines) > 1 else ([], refused)


def _start_value(guessed: Guess, start: Meaning | None, call: Call) -> object:
    value: object = opened(call.fields, guessed.unwrap)
    for step in start.column.path.split(".") if start is not None else ():
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _understood(profile: Profile, call: Call, at_utc_s: int, device_zone: str | None) -> _Understood:
    context = Context(external_id=None, device_zone=device_zone, now_s=at_utc_s, text_values=call.text_values)
    if profile.says_more and (found := head(profile, call.fields, context)).cancels:
        return _Understood(call, at_utc_s, device_zone, found)
    return _Understood(call, at_utc_s, device_zone, to_meeting(profile, call.fields, context))


def _example(number: int, understood: _Understood) -> list[str]:
    call, at_utc_s, device_zone, said = understood
    context = Context(None, device_zone, at_utc_s, call.text_values)
    return example_lines(f"captured call {number}", call, said, context, shape=_SHAPE, source=_CAPTURED)


def example_lines(
    name: str, call: Call, said: Translation | Head, context: Context, *, shape: str, source: str
) -> list[str]:
    """A call and what it was understood to say, as lines of `examples:`; `context` is that in which it was read."""
    lines = [f"  - name: {flow(name)}", f"    source: {flow(source)}", f"    shape: {flow(shape)}"]
    lines.append(f"    at: {flow(utc_text(context.now_s))}")
    if context.external_id is not None:
        lines.append(f"    external_id: {flow(context.external_id)}")
    if context.device_zone is not None:
        lines.append(f"    device_zone: {flow(context.device_zone)}")
    if call.text_values:
        lines.append("    text_values: true")
    lines += ["    call:", *block(call.fields, 6)]
    if isinstance(said, Head):
        return [*lines, "    cancels: true", "    meeting:", *block({"external_id": said.external_id}, 6)]
    words = {key: value for key, value in meeting_words(said.meeting).items() if value not in (_USUAL.get(key), [])}
    lines += ["    meeting:", *block(words, 6)]
    if said.warnings:
        lines.append(f"    warnings: {flow(list(said.warnings))}")
    if said.ignored:
        lines.append(f"    ignored: {flow(list(said.ignored))}")
    return lines


def _as_words(name: str) -> str:
    return re.sub(r"[_-]+", " ", name).strip().capitalize() or name
