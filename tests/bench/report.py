"""Figures to one page of text, goals beside them; nothing is measured here and no exit code depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.bench.availability import ASKED, RULES
from tests.bench.figures import Figures
from tests.bench.measuring import CALLERS, STORED
from tests.bench.mirror import PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """An aim: what is compared, the figure that was found, and the bound it should keep."""

    text: str
    found: float | None
    least: float | None = None
    most: float | None = None

    @property
    def verdict(self) -> str:
        """Say `met`, `not met` or `not measured`."""
        if self.found is None:
            return "not measured"
        low = self.least is not None and self.found < self.least
        high = self.most is not None and self.found > self.most
        return "not met" if low or high else "met"


def goals(figures: Figures) -> list[Goal]:
    """Return the project's aims with what was found."""
    flat = figures.ratio(f"stored {STORED[-1]} 16 cpu", f"stored {STORED[0]} 16 cpu")
    return [
        Goal(
            text="accepts at 16 callers >= 0.6 x raw fdatasync (overwriting)",
            found=figures.ratio("gateway 16 per s", "syncs over"),
            least=0.6,
        ),
        Goal(
            text="accepts at 16 callers >= 3.3 x aiosqlite",
            found=figures.ratio("gateway 16 per s", "aiosqlite 16 per s"),
            least=3.3,
        ),
        Goal(text="syncs per accept at 16 callers <= 0.2", found=figures.middle("syncs per accept 16"), most=0.2),
        Goal(
            text=f"CPU per accept with {STORED[-1]:,} stored meetings <= 1.1 x none",
            found=flat,
            most=1.1,
        ),
        Goal(
            text="events written per s >= 2.5 x google-api-python-client",
            found=figures.ratio("drain per s", "usual client per s"),
            least=2.5,
        ),
        Goal(text="idle: call -> request at Google, p50 <= 10 ms", found=figures.middle("call to request"), most=10.0),
        Goal(
            text="accept p99 while a backlog drains <= 1.2 x without",
            found=figures.ratio("paced draining p99", "paced alone p99"),
            most=1.2,
        ),
        Goal(
            text="accepts with rooms looked at, 100,000 occurrences stored >= 0.9 x without",
            found=figures.ratio("checked refuse per s", "checked allow per s"),
            least=0.9,
        ),
    ]


def report(figures: Figures) -> str:
    """Return the page."""
    tables = (
        ("gateway 16 per s", _accepting),
        (f"stored {STORED[0]} 16 cpu", _stored),
        ("syncs per accept 1", _syncs),
        ("start new", _starts),
        ("alone 16 per s", _mirroring),
        ("drain per s", _mirror),
        ("checked allow per s", _rooms),
    )
    measured = [table(figures) for name, table in tables if figures.samples.get(name)]
    parts = [_head(figures), *measured, _goals(figures)]
    return "\n\n".join(parts) + "\n"


def _head(figures: Figures) -> str:
    facts = "\n".join(f"{name}: {text}" for name, text in figures.facts.items())
    calls = f"{figures.calls:,} calls, {figures.not_accepted:,} of them not accepted"
    return f"{facts}\ncalls: {calls}\nMedians of interleaved rounds. Compare ratios, not absolute figures."


def _accepting(figures: Figures) -> str:
    rows = []
    for name, shown in (("append", "raw fdatasync, 4 KiB appended"), ("over", "raw fdatasync, 4 KiB overwritten")):
        per_s = figures.middle(f"syncs {name}")
        rows.append([shown, "1", _number(per_s), "", "", "", _ratio(figures, f"syncs {name}", "syncs over"), ""])
    named = [("gateway", "gateway, native JSON", n) for n in CALLERS] + [("ucm", "gateway, UCM6300 form", 16)]
    named += [("aiosqlite", "aiosqlite, native JSON", n) for n in CALLERS]
    named.append(("nothing", "aiohttp alone, nothing stored", 16))
    for name, shown, number in named:
        label = f"{name} {number}"
        rows.append(
            [
                shown,
                str(number),
                _number(figures.middle(f"{label} per s")),
                _number(figures.middle(f"{label} p50"), 2),
                _number(figures.middle(f"{label} p99"), 2),
                _number(figures.middle(f"{label} cpu")),
                _ratio(figures, f"{label} per s", "syncs over"),
                _ratio(figures, f"{label} per s", f"aiosqlite {number} per s"),
            ]
        )
    head = ["accepting meetings", "callers", "per s", "p50 ms", "p99 ms", "CPU us", "x raw sync", "x aiosqlite"]
    return _table(head, rows)


def _stored(figures: Figures) -> str:
    rows = []
    for count in STORED:
        label = f"stored {count} 16"
        rows.append(
            [
                f"{count:,}",
                _number(figures.middle(f"{label} cpu")),
                _ratio(figures, f"{label} cpu", f"stored {STORED[0]} 16 cpu"),
                _number(figures.middle(f"{label} per s")),
                _number(figures.middle(f"{label} bytes")),
            ]
        )
    return _table(["meetings stored before", "CPU us/accept", "x none", "accepts/s at 16", "bytes/accept"], rows)


def _syncs(figures: Figures) -> str:
    rows = [[str(n), _number(figures.middle(f"syncs per accept {n}"), 3)] for n in (1, 16)]
    return _table(["callers (under strace, so slower)", "syncs/accept"], rows)


def _starts(figures: Figures) -> str:
    rows = []
    for name, shown in (
        ("new", "gateway, new data folder"),
        ("stored", f"gateway, {STORED[-1]:,} meetings"),
        ("account", "gateway, Google account in use"),
        ("aiosqlite", "aiosqlite server"),
    ):
        rows.append(
            [
                shown,
                _number(figures.middle(f"start {name}")),
                _ratio(figures, f"start {name}", "start aiosqlite"),
                _number(figures.middle(f"rss {name}"), 1),
                _number(figures.middle(f"pss {name}"), 1),
            ]
        )
    return _table(["start and idle memory", "first accept ms", "x aiosqlite", "RSS MiB", "PSS MiB"], rows)


def _mirroring(figures: Figures) -> str:
    rows = []
    for name, shown in (("alone", "accepting only"), ("mirroring", "accepting and mirroring")):
        label = f"{name} 16"
        rows.append(
            [
                shown,
                _number(figures.middle(f"{label} per s")),
                _ratio(figures, f"{label} per s", "alone 16 per s"),
                _number(figures.middle(f"{label} p99"), 2),
                _number(figures.middle("mirrored per s") if name == "mirroring" else 0.0),
            ]
        )
    table = _table(["16 callers", "accepts/s", "x alone", "p99 ms", "mirrored/s"], rows)
    life = [
        ["accept only, 1 caller", _number(figures.middle("gateway 1 bytes"))],
        ["accept only, 16 callers", _number(figures.middle("gateway 16 bytes"))],
        ["whole life (accepted, mirrored, marked), 1 caller", _number(figures.middle("whole life bytes 1"))],
        ["whole life (accepted, mirrored, marked), 16 callers", _number(figures.middle("whole life bytes 16"))],
    ]
    return table + "\n\n" + _table(["written to disk by the gateway", "bytes/meeting"], life)


def _mirror(figures: Figures) -> str:
    rates = [
        [
            shown,
            _number(figures.middle(f"{name} per s")),
            _ratio(figures, f"{name} per s", "usual client per s"),
        ]
        for name, shown in (
            ("usual client", "google-api-python-client, nothing kept"),
            ("drain", "gateway, a backlog from its database"),
        )
    ]
    waits = [
        [shown, _number(figures.middle(name), 2), _number(max(figures.samples.get(name, [0.0])), 2)]
        for name, shown in (("call to request", "from the device's call"), ("answer to request", "from its answer"))
    ]
    beside = []
    for name, shown in (("paced", "usual limits"), ("without quota", "no limits")):
        for state, told in (("alone", "Google silent"), ("draining", "a backlog drains")):
            label = f"{name} {state}"
            beside.append(
                [
                    f"{shown}, {told}",
                    _number(figures.middle(f"{label} p50"), 2),
                    _number(figures.middle(f"{label} p99"), 2),
                    _ratio(figures, f"{label} p99", f"{name} alone p99"),
                    _number(figures.middle(f"{name} drained per s") if state == "draining" else 0.0),
                ]
            )
    return "\n\n".join(
        (
            _table(["writing events, answered at once", "per s", "x the usual client"], rates),
            _table(["one meeting, idle gateway -> request at Google", "p50 ms", "max ms"], waits),
            _table([f"accepting {PER_S:g} calls/s", "p50 ms", "p99 ms", "p99 x silent", "written/s"], beside),
        )
    )


def _rooms(figures: Figures) -> str:
    rules = []
    for rule in RULES:
        label = f"checked {rule}"
        rules.append(
            [
                f"conflict: {rule}",
                _number(figures.middle(f"{label} per s")),
                _ratio(figures, f"{label} per s", "checked allow per s"),
                _number(figures.middle(f"{label} p99"), 2),
                _number(figures.middle(f"{label} cpu")),
                _ratio(figures, f"{label} cpu", "checked allow cpu"),
            ]
        )
    asked = []
    for words in ASKED:
        for state, shown in (("none", "no occurrence"), ("many", "the same occurrences")):
            label = f"asking {words} {state}"
            ratio = _ratio(figures, f"{label} cpu", f"asking {words} none cpu")
            middle = _number(figures.middle(f"{label} p50"), 2)
            asked.append([f"{words}, {shown}", middle, _number(figures.middle(f"{label} cpu")), ratio])
    head = ["accepting at 16 callers, 100,000 occurrences", "per s", "x allow", "p99 ms", "CPU us", "x allow"]
    return "\n\n".join(
        (_table(head, rules), _table(["asking when the room is taken", "p50 ms", "CPU us", "x none"], asked))
    )


def _goals(figures: Figures) -> str:
    rows = [[goal.text, _number(goal.found, 2), goal.verdict] for goal in goals(figures)]
    return _table(["goals", "found", ""], rows)


def _number(value: float | None, digits: int = 0) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def _ratio(figures: Figures, name: str, other: str) -> str:
    """Return the median ratio and between which ratios the rounds lay."""
    found = figures.ratios(name, other)
    middle = figures.ratio(name, other)
    if middle is None or name == other:
        return "1" if name == other and found else "-"
    return f"{middle:.2f} [{found[0]:.2f}..{found[-1]:.2f}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return aligned columns: the first to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    shown = []
    for line in lines:
        cells = [line[0].ljust(widths[0])] + [
            text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)
        ]
        shown.append("  ".join(cells).rstrip())
    shown.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(shown)
