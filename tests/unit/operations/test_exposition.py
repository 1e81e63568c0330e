"""Metrics as text: whatever stands in a label, independent readers get back what was put in."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.tally import CALL_S, Durations, Tally
from gateway.operations.integrations import measures
from gateway.operations.integrations.exposition import Exposition, Metric, Sample
from tests.unit.operations.exposition_reader import read

GAUGE = Metric(name="gateway_test", kind="gauge", help="Any \\ help\nof two lines.", labels=("word",))
HISTOGRAM = Metric(name="gateway_test_seconds", kind="histogram", help="Took so long.")
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.floats(allow_nan=False) | st.integers(-(10**20), 10**20)
ODD = st.text('\\"\n\r\t {},=#n\u2028\x85é\U0001f4de', max_size=12)
"""Everything that means something in the text, or might to whoever reads it."""
NAMES = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", fullmatch=True)
LABELS = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_]{0,8}", fullmatch=True)


@st.composite
def families(draw: st.DrawFn) -> list[tuple[Metric, list[Sample]]]:
    """Metrics of one number for each set of labels, with whatever names and words there may be."""
    made = []
    for name in draw(st.lists(NAMES, max_size=4, unique=True)):
        labels = draw(st.lists(LABELS, max_size=3, unique=True))
        counter = draw(st.booleans())
        rows = draw(st.lists(st.tuples(*([WORDS | ODD] * len(labels))), min_size=1, max_size=4, unique=True))
        numbers = st.floats(0, allow_nan=False) if counter else NUMBERS
        metric = Metric(
            name=f"{name}_total" if counter else f"{name}_x",
            kind="counter" if counter else "gauge",
            help=draw((WORDS | ODD).map(str.strip)),
            labels=tuple(labels),
        )
        made.append((metric, [Sample(draw(numbers), dict(zip(labels, row, strict=True))) for row in rows]))
    return made


@settings(max_examples=settings().max_examples // 2)
@given(families())
def test_whatever_names_and_words_there_are_is_read_back(put: list[tuple[Metric, list[Sample]]]) -> None:
    out = Exposition()
    for metric, samples in put:
        out.add(metric, *samples)
    found = read(out.text())
    assert list(found) == [metric.name for metric, _ in put]
    for metric, samples in put:
        family = found[metric.name]
        assert (family.kind, family.help) == (metric.kind, metric.help)
        expected = {("", frozenset(each.labels.items())): float(each.value) for each in samples}
        assert family.samples == expected


@given(st.dictionaries(WORDS, NUMBERS, min_size=1, max_size=8))
def test_every_label_and_number_is_read_back(numbers: dict[str, float]) -> None:
    out = Exposition()
    out.each(GAUGE, numbers)
    family = read(out.text())["gateway_test"]
    assert family.help == GAUGE.help
    assert family.by("word") == {word: pytest.approx(float(number)) for word, number in numbers.items()}


@given(st.lists(st.floats(-1, 1e6, allow_nan=False), max_size=50))
def test_a_histogram_holds_every_duration_once(took: list[float]) -> None:
    durations = Durations(CALL_S)
    for each in took:
        durations.note(each)
    out = Exposition()
    out.histogram(HISTOGRAM, durations)
    family = read(out.text())["gateway_test_seconds"]
    assert family.value("_count") == len(took)
    assert family.value("_sum") == pytest.approx(sum(max(0.0, each) for each in took))
    for bound in CALL_S:
        assert family.value("_bucket", le=f"{bound:g}") == sum(max(0.0, each) <= bound for each in took)


def test_what_has_no_number_is_left_out_and_half_a_character_is_replaced() -> None:
    out = Exposition()
    out.one(measures.DELIVERED, None)
    assert out.text() == ""
    out.add(GAUGE, Sample(math.inf, {"word": "\ud800"}))
    assert read(out.text())["gateway_test"].by("word") == {"?": math.inf}


def test_names_follow_the_rules_of_prometheus() -> None:
    names = [metric.name for metric in measures.EVERY]
    assert len(set(names)) == len(names)
    for metric in measures.EVERY:
        assert metric.name.startswith("gateway_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not metric.name.endswith(("_ms", "_milliseconds", "_kb", "_minutes")), metric.name
        assert metric.kind not in ("histogram", "summary") or metric.name.endswith("_seconds")
        assert metric.help.endswith(".")


def test_devices_that_are_gone_are_forgotten() -> None:
    tally = Tally()
    for device in ("kept", "gone"):
        tally.call(device, "accepted", 0.01)
    tally.keep({"kept"})
    assert tally.calls == {("kept", "accepted"): 1}
