"""Faults of single calls to a simulated UCM, by rule: which action is hit, how often, and by what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = ("code", "http", "html", "truncated", "form", "reset", "cut", "hang", "body")
"""`code`: a status of the API. `http`: an HTTP status. `html`: a page. `truncated`: half of the JSON, whole on the
wire. `form`: a list of unexpected form. `reset`, `cut`, `hang`: what the line does. `body`: this text, as it is."""


class BadRule(ValueError):
    """A rule that cannot be used; the text says why."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """`action` may have `*` and `?`; the first `after` such calls pass, the next `times` (None: all) are hit.

    `late` faults are told after the call had its effect.
    """

    action: str = "*"
    times: int | None = None
    after: int = 0
    kind: str | None = None
    value: Any = None
    delay_s: float = 0.0
    late: bool = False
    seen: int = 0
    used: int = 0

    def listed(self) -> dict[str, Any]:
        """The rule with its counters."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class FaultBook:
    """The rules in force, asked in the order in which they were added."""

    rules: list[Rule] = field(default_factory=list)

    def add(self, documents: Iterable[Any]) -> None:
        """Add rules such as `{"action": "login", "times": 1, "do": {"code": -57}}`; all or none, or BadRule."""
        self.rules.extend([_parse(one) for one in documents])

    def pick(self, action: str) -> Rule | None:
        """The rule that hits this call, if any; counts it."""
        for rule in self.rules:
            if not fnmatchcase(action, rule.action) or (rule.times is not None and rule.used >= rule.times):
                continue
            rule.seen += 1
            if rule.seen > rule.after:
                rule.used += 1
                return rule
        return None


def _parse(given: Any) -> Rule:
    if not isinstance(given, Mapping) or not isinstance(given.get("do"), Mapping) or not given["do"]:
        raise BadRule('a rule is an object such as {"action": "login", "times": 1, "do": {"code": -57}}')
    if unknown := given.keys() - {"action", "times", "after", "do"}:
        raise BadRule(f"a rule has no {', '.join(sorted(map(str, unknown)))}; it has action, times, after and do")
    do = dict(given["do"])
    delay_s, late = do.pop("delay_s", 0.0), do.pop("late", False)
    if len(do) > 1 or do.keys() - set(KINDS):
        raise BadRule(f"'do' has one of {', '.join(KINDS)}, and may have delay_s and late")
    kind = next(iter(do), None)
    rule = Rule(
        action=given.get("action", "*"),
        times=given.get("times"),
        after=given.get("after", 0),
        kind=kind,
        value=do.get(kind) if kind else None,
        delay_s=delay_s,
        late=bool(late),
    )
    _check(rule)
    return rule


def _check(rule: Rule) -> None:
    if not isinstance(rule.action, str):
        raise BadRule("'action' is the name of an action, '*' stands for any letters")
    if not (rule.times is None or _whole(rule.times)) or not _whole(rule.after):
        raise BadRule("'times' and 'after' are whole numbers")
    if isinstance(rule.delay_s, bool) or not isinstance(rule.delay_s, int | float) or not 0 <= rule.delay_s < 3600:
        raise BadRule("'delay_s' is a number of seconds below 3600")
    if rule.kind == "code" and (isinstance(rule.value, bool) or not isinstance(rule.value, int)):
        raise BadRule("'code' is a status such as -57")
    if rule.kind == "http" and not (_whole(rule.value) and 200 <= rule.value <= 599):
        raise BadRule("'http' is an HTTP status from 200 to 599")
    if rule.kind == "body" and not isinstance(rule.value, str):
        raise BadRule("'body' is a text")


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
