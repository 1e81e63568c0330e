"""What was found while one call is read: problems, warnings, fields nobody knows; what becomes of them is not here."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from gateway.errors import BadPayload, FieldProblem
from gateway.profiles.strict_json import shown_name

MAX_PROBLEMS = 50
_MAX_IGNORED = 50
_MAX_SUGGESTIONS = 5
_LONGEST_SUGGESTED_FOR = 40


class Findings:
    """Collects as a call is read, so that one answer names everything."""

    __slots__ = ("_suggestions_left", "ignored", "problems", "warnings")

    def __init__(self) -> None:
        self.problems: list[FieldProblem] = []
        self.warnings: list[str] = []
        self.ignored: dict[str, None] = {}
        self._suggestions_left = _MAX_SUGGESTIONS

    def problem(self, field: str, reason: str) -> None:
        """A field cannot be accepted as it is."""
        self.problems.append(FieldProblem(field, reason))

    def warn(self, sentence: str) -> None:
        """The call is accepted, but people should know this."""
        self.warnings.append(sentence)

    def ignore(self, names: Iterable[str], before: str = "") -> None:
        """Fields, under the path `before`, that are passed over."""
        for name in names:
            self.ignored[before + shown_name(name)] = None

    def refuse_unknown(self, names: Iterable[str], known: Iterable[str], before: str = "") -> None:
        """Fields, under the path `before`, that are mistakes; the sender is told which name may have been meant."""
        for name in names:
            near: list[str] = []
            if self._suggestions_left and len(name) <= _LONGEST_SUGGESTED_FOR:
                self._suggestions_left -= 1
                near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            self.problem(before + shown_name(name), f"is not a known field{hint}")

    def raise_problems(self) -> None:
        """Raise `BadPayload` if anything cannot be accepted; at most `MAX_PROBLEMS` are listed, the rest counted."""
        if not self.problems:
            return
        more = len(self.problems) - MAX_PROBLEMS
        if more > 0:
            raise BadPayload([*self.problems[:MAX_PROBLEMS], FieldProblem("body", f"has {more} more problems")])
        raise BadPayload(self.problems)

    def ignored_names(self) -> tuple[str, ...]:
        """The fields passed over, in order, at most 50."""
        return tuple(sorted(self.ignored)[:_MAX_IGNORED]) if self.ignored else ()


def sent(payload: Mapping[str, object], name: str) -> object:
    """The value of a field, or None when it was not sent; null and empty text count as not sent."""
    value = payload.get(name)
    return None if value == "" else value
