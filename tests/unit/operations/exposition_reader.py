"""Reads the text format of Prometheus as its specification says, and complains of everything else; for tests only.

Prometheus's own library reads the same text and has to find the same: it takes more than Prometheus itself does (so it
says), which is why the grammar stands here.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\\\|\\n)*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")
VALUE = r"(?:[+-]?Inf|NaN|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? ({VALUE})")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


@dataclass
class Family:
    """One metric: its numbers by suffix and labels."""

    name: str
    kind: str
    help: str
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = field(default_factory=dict)

    def value(self, suffix: str = "", **labels: str) -> float:
        return self.samples[suffix, frozenset(labels.items())]

    def by(self, label: str) -> dict[str, float]:
        return {dict(labels)[label]: value for (_, labels), value in self.samples.items()}


def read(text: str) -> dict[str, Family]:
    """Return the metrics by name. Raises AssertionError at the first line that Prometheus would not take."""
    families: dict[str, Family] = {}
    assert text.endswith("\n") or not text
    lines = text.split("\n")[:-1]
    while lines:
        head, kind = HELP.fullmatch(lines.pop(0)), TYPE.fullmatch(lines.pop(0))
        assert head is not None
        assert kind is not None
        assert head[1] == kind[1]
        assert head[1] not in families, "all lines of a metric stand together"
        family = families[head[1]] = Family(head[1], kind[2], _plain(head[2]))
        while lines and not lines[0].startswith("#"):
            _sample(family, lines.pop(0))
        assert family.samples
        if family.kind == "histogram":
            _check_histogram(family)
        if family.kind == "counter":
            assert family.name.endswith("_total")
            assert all(value >= 0 for value in family.samples.values())
    assert list(families.values()) == _as_their_library_reads(text)
    return families


def series(families: dict[str, Family]) -> int:
    """How many time series that makes."""
    return sum(len(each.samples) for each in families.values())


def _as_their_library_reads(text: str) -> list[Family]:
    families = []
    for each in text_string_to_metric_families(text):
        name = f"{each.name}_total" if each.type == "counter" else each.name
        family = Family(name, each.type, each.documentation)
        for sample in each.samples:
            assert sample.name.startswith(name)
            key = (sample.name.removeprefix(name), frozenset(sample.labels.items()))
            assert key not in family.samples
            family.samples[key] = float(sample.value)
        families.append(family)
    return families


def _sample(family: Family, line: str) -> None:
    found = SAMPLE.fullmatch(line)
    assert found is not None, line
    suffix = found[1].removeprefix(family.name)
    assert found[1].startswith(family.name), line
    assert suffix in SUFFIXES.get(family.kind, ("",)), line
    pairs = [
        (each.partition("=")[0], _plain(each.partition("=")[2][1:-1])) for each in re.findall(LABEL, found[2] or "")
    ]
    assert len(dict(pairs)) == len(pairs), "a label stands once"
    key = (suffix, frozenset(pairs))
    assert key not in family.samples, f"twice: {line}"
    family.samples[key] = float(found[3].replace("Inf", "inf"))


def _check_histogram(family: Family) -> None:
    buckets = sorted(
        (float(dict(labels)["le"].replace("Inf", "inf")), value)
        for (suffix, labels), value in family.samples.items()
        if suffix == "_bucket"
    )
    assert buckets[-1][0] == math.inf
    numbers = [value for _, value in buckets]
    assert numbers == sorted(numbers)
    assert numbers[-1] == family.value("_count")
    assert (family.value("_sum") > 0) <= (numbers[-1] > 0)


def _plain(text: str) -> str:
    return re.sub(r'\\(\\|n|")', lambda each: "\n" if each[1] == "n" else each[1], text)
