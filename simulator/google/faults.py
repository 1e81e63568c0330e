"""Faults by rule: which request is hit and by what; how a connection is broken is in `breaking`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Literal

from simulator.google.portal import guest_network_page

Kind = Literal["answer", "reset", "hang", "truncate", "delay"]
When = Literal["before", "after"]

OPERATIONS = (
    "insert",
    "get",
    "list",
    "update",
    "patch",
    "delete",
    "instances",
    "calendars.get",
    "calendarList.list",
    "calendarList.get",
    "authorize",
    "token",
    "revoke",
    "userinfo",
)
"""Every operation a rule can name. Calendar operations on events may also be written `events.insert`."""

_RULE_KEYS = {"match", "times", "after", "rate", "do"}
_MATCH_KEYS = {"method", "path", "operation"}
_EFFECTS = ("status", "reset", "hang", "truncate", "html", "garbage")
_DO_KEYS = {*_EFFECTS, "reason", "error", "error_description", "headers", "body", "delay_s", "when"}


class BadRule(ValueError):
    """A rule that cannot be used; `problems` say what is wrong with it, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What happens to a request that is hit.

    `when` is `before` (the request has no effect) or `after` (it has its effect, but the caller does not hear so).
    `answer` sends something else: Google's error for `status` and `reason`, or `body` as it is (text or JSON).
    """

    kind: Kind
    when: When = "before"
    delay_s: float = 0.0
    status: int | None = None
    reason: str | None = None
    error: str | None = None
    error_description: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    has_body: bool = False


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule with its counters: `seen` requests matched, `used` of them were hit."""

    number: int
    effect: Effect
    method: str | None = None
    path: str | None = None
    operation: str | None = None
    times: int | None = None
    after: int = 0
    rate: float = 1.0
    seen: int = 0
    used: int = 0
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def exhausted(self) -> bool:
        """Whether the rule was used as often as it may be."""
        return self.times is not None and self.used >= self.times

    def matches(self, operation: str, method: str, path: str) -> bool:
        """Whether the rule is about such a request; `path` is matched with `*` and `?`."""
        return (
            (self.operation is None or self.operation == operation)
            and (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
        )

    def listed(self) -> dict[str, Any]:
        """The rule as it was given, with its number and counters."""
        return {"rule": self.number, **self.source, "seen": self.seen, "used": self.used}


class FaultBook:
    """The rules in force, asked newest first."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._last_number = 0

    def add(self, documents: Iterable[Any]) -> list[Rule]:
        """Stack rules given as JSON; of several given together the first is asked first. All or none are taken."""
        rules = [_parse(document) for document in documents]
        for rule in rules:
            self._last_number += 1
            rule.number = self._last_number
        self._rules[:0] = rules
        return rules

    def clear(self) -> None:
        """Take every rule away."""
        self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Every rule with its counters, newest first."""
        return [rule.listed() for rule in self._rules]

    def pick(self, operation: str, method: str, path: str, random: Random) -> Rule | None:
        """The rule that hits this request, if any; counts it."""
        for rule in self._rules:
            if rule.exhausted or not rule.matches(operation, method, path):
                continue
            rule.seen += 1
            if rule.seen <= rule.after or (rule.rate < 1.0 and random.random() >= rule.rate):
                continue
            rule.used += 1
            return rule
        return None


def _parse(document: Any) -> Rule:
    problems: list[str] = []
    if not isinstance(document, dict):
        raise BadRule(["A rule is a JSON object such as {'match': {'operation': 'insert'}, 'do': {'status': 503}}."])
    match, do = document.get("match", {}), document.get("do")
    if not isinstance(match, dict) or not isinstance(do, dict) or not do:
        raise BadRule(["'do' must be an object that says what happens; 'match', if given, must be an object too."])
    _check_keys("the rule", document, _RULE_KEYS, problems)
    _check_keys("'match'", match, _MATCH_KEYS, problems)
    _check_keys("'do'", do, _DO_KEYS, problems)
    _check_numbers(document, do, problems)
    _check_texts(match, _MATCH_KEYS, problems)
    _check_texts(do, {"reason", "error", "error_description"}, problems)
    operation = match.get("operation")
    if isinstance(operation, str):
        operation = operation.removeprefix("events.")
    if operation is not None and operation not in OPERATIONS:
        problems.append(f"'operation' must be one of {', '.join(OPERATIONS)}.")
    effect = _effect(do, problems)
    if problems:
        raise BadRule(problems)
    return Rule(
        number=0,
        effect=effect,
        method=match["method"].upper() if match.get("method") else None,
        path=match.get("path"),
        operation=operation,
        times=document.get("times"),
        after=document.get("after", 0),
        rate=float(document.get("rate", 1.0)),
        source=document,
    )


def _check_keys(where: str, given: Mapping[str, Any], known: set[str], problems: list[str]) -> None:
    may_have = ", ".join(sorted(known))
    problems.extend(f"{where} has no key {key!r}; it may have {may_have}." for key in given if key not in known)


def _check_texts(given: Mapping[str, Any], names: set[str], problems: list[str]) -> None:
    problems.extend(
        f"{name!r} must be a text."
        for name in sorted(names)
        if given.get(name) is not None and not isinstance(given[name], str)
    )


def _is_number(value: Any, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least


def _check_numbers(document: Mapping[str, Any], do: Mapping[str, Any], problems: list[str]) -> None:
    times, after, status = document.get("times"), document.get("after", 0), do.get("status")
    if times is not None and not (isinstance(times, int) and _is_number(times, 1)):
        problems.append("'times' must be a whole number from 1, or null for ever.")
    if not (isinstance(after, int) and _is_number(after, 0)):
        problems.append("'after' must be a whole number from 0: how many matching requests pass first.")
    if not _is_number(document.get("rate", 1.0), 0) or document.get("rate", 1.0) > 1:
        problems.append("'rate' must be a number from 0 to 1: the share of matching requests that is hit.")
    if not _is_number(do.get("delay_s", 0.0), 0):
        problems.append("'delay_s' must be a number of seconds.")
    if status is not None and not (isinstance(status, int) and 200 <= status <= 599):
        problems.append("'status' must be an HTTP status from 200 to 599.")


def _effect(do: Mapping[str, Any], problems: list[str]) -> Effect:
    named = [name for name in _EFFECTS if do.get(name) not in (None, False)]
    if "body" in do or "reason" in do or "error" in do:
        named = sorted({*named, "status"})
    if "html" in named:
        named = [name for name in named if name != "status"]
    if len(named) > 1:
        problems.append(f"'do' can be only one of {', '.join(_EFFECTS)}; it says {' and '.join(named)}.")
    if not named and "delay_s" not in do:
        problems.append(f"'do' must say one of {', '.join(_EFFECTS)}, or delay_s.")
    name = named[0] if named else "delay"
    said = do.get(name) if name in ("reset", "hang") else do.get("when", "before")
    if said not in ("before", "after"):
        problems.append(f"{name!r} must be 'before' or 'after' the request has its effect.")
    when: When = "after" if said == "after" else "before"
    headers = do.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str | int) for v in headers.values()):
        problems.append("'headers' must be an object of texts.")
        headers = {}
    delay_s = do.get("delay_s", 0.0)
    return Effect(
        when=when,
        delay_s=float(delay_s) if _is_number(delay_s, 0) else 0.0,
        headers={str(key): str(value) for key, value in headers.items()},
        **_answer(name, do),
    )


def _answer(name: str, do: Mapping[str, Any]) -> dict[str, Any]:
    if name == "html":
        return {"kind": "answer", "status": do.get("status") or 200, "body": guest_network_page(), "has_body": True}
    if name == "garbage":
        return {"kind": "answer", "status": 200, "body": b'{"kind": "calendar#event", "id": ', "has_body": True}
    if name == "status":
        keys = ("status", "reason", "error", "error_description", "body")
        return {"kind": "answer", "has_body": "body" in do, **{key: do.get(key) for key in keys}}
    return {"kind": name}
