"""Writes metrics in the text format that Prometheus reads (version 0.0.4); which there are is decided elsewhere."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, NamedTuple

from gateway.domain.tally import Durations

_NONE: Mapping[str, str] = MappingProxyType({})


class Sample(NamedTuple):
    """One number with its labels; `suffix` is put behind the name of its metric."""

    value: float
    labels: Mapping[str, str] = _NONE
    suffix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """What one metric is called and means. `labels` are the names of all labels that it may have."""

    name: str
    kind: Literal["counter", "gauge", "histogram", "summary"]
    help: str
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Exposition:
    """The metrics with their numbers, in the order in which they were added."""

    families: list[tuple[Metric, tuple[Sample, ...]]] = field(default_factory=list)

    def add(self, metric: Metric, *samples: Sample) -> None:
        """Add a metric; one without numbers is left out."""
        if samples:
            self.families.append((metric, samples))

    def one(self, metric: Metric, value: float | None) -> None:
        """Add a metric of one number, which is left out while it is not known."""
        if value is not None:
            self.add(metric, Sample(value))

    def each(self, metric: Metric, numbers: Mapping[str, float]) -> None:
        """Add a metric with one number for each value of its only label."""
        (label,) = metric.labels
        self.add(metric, *(Sample(number, {label: value}) for value, number in numbers.items()))

    def histogram(self, metric: Metric, durations: Durations) -> None:
        """Add how long something took, in seconds."""
        samples, below = [], 0
        for bound, number in zip((*durations.bounds_s, math.inf), durations.numbers, strict=True):
            below += number
            samples.append(Sample(below, {"le": _number(bound)}, "_bucket"))
        self.add(metric, *samples, Sample(durations.total_s, suffix="_sum"), Sample(below, suffix="_count"))

    def text(self) -> str:
        """Return all of it as it is sent."""
        return "".join(line for metric, samples in self.families for line in _lines(metric, samples))


def _lines(metric: Metric, samples: Iterable[Sample]) -> Iterable[str]:
    words = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {metric.name} {words}\n# TYPE {metric.name} {metric.kind}\n"
    for sample in samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items())
        yield f"{metric.name}{sample.suffix}{f'{{{labels}}}' if labels else ''} {_number(sample.value)}\n"


def _escaped(value: str) -> str:
    """A value of a label; what could not be sent as UTF-8 is replaced."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return clean.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
