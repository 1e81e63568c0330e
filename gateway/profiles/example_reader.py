"""The `examples` of a profile read from its file; they are replayed by the tests and by whoever writes profiles."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.occurrence import OriginalStart
from gateway.profiles.codings import Refused, date_time
from gateway.profiles.model import Example
from gateway.profiles.sections import Section
from gateway.profiles.vocabulary import Dialect


def read_example(section: Section, shape_names: list[str]) -> Example:
    """One example; `shape_names` are the shapes there are."""
    shape = section.text("shape")
    if shape and shape not in shape_names:
        section.problem(f"must be one of {', '.join(shape_names)}", "shape")
    body, cancels = section.optional_text("body"), section.flag("cancels")
    example = Example(
        name=section.text("name"),
        source=section.text("source"),
        shape=shape,
        at_utc_s=_at(section),
        call=(section.optional_mapping("call") or {}) if body is not None else section.mapping("call"),
        meeting=(section.optional_mapping("meeting") or {}) if cancels else section.mapping("meeting"),
        payload=section.optional_mapping("payload"),
        external_id=section.optional_text("external_id"),
        device_zone=section.optional_text("device_zone"),
        text_values=section.flag("text_values"),
        warnings=section.texts("warnings"),
        ignored=section.texts("ignored"),
        dialect=section.optional_word("dialect", Dialect),
        body=body,
        cancels=cancels,
        original_start=_original_start(section),
        reply=section.optional_mapping("reply"),
    )
    if body is not None and section.has("call"):
        section.problem("cannot stand beside body; give one of the two", "call")
    if body is not None and example.dialect is None:
        section.problem("is required beside body", "dialect")
    section.close()
    return example


def _at(section: Section) -> int:
    text = section.text("at")
    if not text:
        return 0
    moment = _moment(text)
    if isinstance(moment, int):
        return moment
    section.problem("must be a time with Z, such as '2024-04-22T08:00:00Z'", "at")
    return 0


def _original_start(section: Section) -> OriginalStart | None:
    text = section.optional_text("original_start")
    if not text:
        return None
    moment = _moment(text)
    if moment is None:
        section.problem(
            "must be a time such as '2024-05-06T08:00:00Z', or without Z in the series' zone", "original_start"
        )
    return moment


def _moment(text: str) -> OriginalStart | None:
    try:
        moment: datetime = date_time(text)
        return moment if moment.tzinfo is None else int(moment.timestamp())
    except (Refused, OverflowError):
        return None
