"""The attempts to bring a meeting to Google, as lines and as JSON; what happened is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.domain.attempt import Attempt, Call

NOT_KNOWN = "not known how it ended"
_TRIED = {
    "insert": "create the event",
    "replace": "update the event",
    "delete": "remove the event",
    "look": "look at the event",
    "look-calendar": "look for the calendar",
    "look-occurrence": "look at one occurrence",
    "replace-occurrence": "update one occurrence",
    "cancel-occurrence": "remove one occurrence",
}


def attempt_lines(attempts: Sequence[Attempt], time: Callable[[int | None], str | None]) -> list[str]:
    """Return each attempt on a line, and on lines of their own its calls where they are several.

    `time` says a time in ms UTC.
    """
    lines = []
    for each in attempts:
        parts = [f"  {time(each.at)}", f"attempt {each.number}", _outcome(each)]
        if len(each.calls) == 1:
            parts.append(_call(each.calls[0], with_code=False))
        if each.next_at is not None:
            parts.append(f"next try {time(each.next_at)}")
        lines.append("  ".join(parts))
        if len(each.calls) > 1:
            lines += [f"    {time(call.at)}  {_call(call, with_code=True)}" for call in each.calls]
    return lines


def attempt_json(attempt: Attempt, time: Callable[[int | None], str | None]) -> dict[str, object]:
    """Return one attempt for programs; `outcome` is null when nobody knows how it ended."""
    return {
        "at": time(attempt.at),
        "took_ms": attempt.took_ms,
        "number": attempt.number,
        "done": attempt.done,
        "outcome": None if attempt.done is None else attempt.code or "ok",
        "next_try": time(attempt.next_at),
        "calls": [
            {
                "operation": call.operation,
                "at": time(call.at),
                "took_ms": call.took_ms,
                "status": call.status or None,
                "outcome": call.code or "ok",
            }
            for call in attempt.calls
        ],
    }


def _outcome(attempt: Attempt) -> str:
    if attempt.done is None:
        return NOT_KNOWN
    return f"ok, but {attempt.code}" if attempt.done and attempt.code else attempt.code or "ok"


def _call(call: Call, *, with_code: bool) -> str:
    answer = f"HTTP {call.status}" if call.status else "no answer"
    code = f", {call.code or 'ok'}" if with_code else ""
    return f"{_TRIED.get(call.operation, call.operation)}: {answer}{code}, {call.took_ms} ms"
