"""Reads fault rules that are given as JSON, with a sentence for everything that is wrong; what they do: `faults`."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from simulator.google.faults import Effect, Rule, When
from simulator.google.portal import guest_network_page

OPERATIONS = (
    "insert",
    "get",
    "list",
    "update",
    "patch",
    "delete",
    "instances",
    "import",
    "move",
    "watch",
    "channels.stop",
    "freebusy.query",
    "calendars.get",
    "calendars.insert",
    "calendars.update",
    "calendars.patch",
    "calendars.delete",
    "calendars.clear",
    "calendarList.list",
    "calendarList.get",
    "calendarList.insert",
    "calendarList.update",
    "calendarList.patch",
    "calendarList.delete",
    "authorize",
    "token",
    "revoke",
    "userinfo",
)
"""Every operation a rule can name. Calendar operations on events may also be written `events.insert`."""

_RULE_KEYS = {"match", "times", "after", "rate", "seed", "wait_s", "for_s", "do"}
_MATCH_KEYS = {"method", "path", "operation", "account", "calendar"}
_ENDINGS = ("status", "reset", "hang", "truncate", "html", "garbage")
_CHANGES = ("delay_s", "spread_s", "skew_s", "overwrites")
_DO_KEYS = {*_ENDINGS, *_CHANGES, "reason", "error", "error_description", "headers", "body", "when"}


class BadRule(ValueError):
    """A rule that cannot be used; `problems` say what is wrong with it, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def parsed(document: Any) -> Rule:
    """A rule given as JSON; raises `BadRule`."""
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
        account=match.get("account"),
        calendar=match.get("calendar"),
        times=document.get("times"),
        after=document.get("after", 0),
        rate=float(document.get("rate", 1.0)),
        wait_s=document.get("wait_s") or 0.0,
        for_s=document.get("for_s"),
        # Which requests are hit need not be hard to guess.
        random=None if document.get("seed") is None else Random(document["seed"]),  # noqa: S311
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
    if document.get("seed") is not None and not _is_number(document["seed"], 0):
        problems.append("'seed' must be a number from 0: the same one hits the same requests again.")
    seconds = {"delay_s": do, "spread_s": do, "wait_s": document, "for_s": document}
    problems.extend(
        f"'{name}' must be a number of seconds."
        for name, given in seconds.items()
        if given.get(name) is not None and not _is_number(given[name], 0)
    )
    if not _is_number(do.get("skew_s", 0.0), float("-inf")):
        problems.append("'skew_s' must be a number of seconds, also below zero.")
    if do.get("overwrites", True) is not True:
        problems.append("'overwrites' can only be true.")
    if status is not None and not (isinstance(status, int) and 200 <= status <= 599):
        problems.append("'status' must be an HTTP status from 200 to 599.")


def _effect(do: Mapping[str, Any], problems: list[str]) -> Effect:
    name = _ending(do, problems)
    said = do.get(name) if name in ("reset", "hang") else do.get("when", "before")
    if said not in ("before", "after"):
        problems.append(f"{name!r} must be 'before' or 'after' the request has its effect.")
    when: When = "after" if said == "after" else "before"
    headers = do.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(v, str | int) for v in headers.values()):
        problems.append("'headers' must be an object of texts.")
        headers = {}
    return Effect(
        when=when,
        delay_s=_seconds(do, "delay_s"),
        spread_s=_seconds(do, "spread_s"),
        skew_s=_seconds(do, "skew_s"),
        overwrites=do.get("overwrites") is True,
        headers={str(key): str(value) for key, value in headers.items()},
        **_answer(name, do),
    )


def _ending(do: Mapping[str, Any], problems: list[str]) -> str:
    """Which ending a rule names, `change` for none."""
    named = [name for name in _ENDINGS if do.get(name) not in (None, False)]
    if "body" in do or "reason" in do or "error" in do:
        named = sorted({*named, "status"})
    if "html" in named:
        named = [name for name in named if name != "status"]
    if len(named) > 1:
        problems.append(f"'do' can be only one of {', '.join(_ENDINGS)}; it says {' and '.join(named)}.")
    if not named and not any(name in do for name in _CHANGES):
        problems.append(f"'do' must say one of {', '.join((*_ENDINGS, *_CHANGES))}.")
    if named and ("skew_s" in do or "overwrites" in do):
        problems.append("'skew_s' and 'overwrites' stand in a rule of their own; rules add up.")
    return named[0] if named else "change"


def _seconds(do: Mapping[str, Any], name: str) -> float:
    given = do.get(name, 0.0)
    return float(given) if _is_number(given, float("-inf")) else 0.0


def _answer(name: str, do: Mapping[str, Any]) -> dict[str, Any]:
    if name == "html":
        return {"kind": "answer", "status": do.get("status") or 200, "body": guest_network_page(), "has_body": True}
    if name == "garbage":
        return {"kind": "answer", "status": 200, "body": b'{"kind": "calendar#event", "id": ', "has_body": True}
    if name == "status":
        keys = ("status", "reason", "error", "error_description", "body")
        return {"kind": "answer", "has_body": "body" in do, **{key: do.get(key) for key in keys}}
    return {"kind": name}
