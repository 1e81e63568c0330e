"""What answers of all of Google's APIs have in common: error bodies, waits, dates; what they mean is told elsewhere."""

from __future__ import annotations

import email.utils
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway import messages
from gateway.domain.outcome import Outcome, Quota, Remedy, Verdict
from gateway.google.wire import Answer, json_object

LONGEST_WAIT_S = 24 * 3600.0
"""A `Retry-After` beyond this is cut: no limit of the Calendar API lasts longer than a day (quota guide)."""

_LONGEST_WORD = 16
_ADDRESS = re.compile(r"[^\s<>\"'():,;]+@[^\s<>\"'():,;]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an error body says: every reason it names, its message, and the `metadata` of its ErrorInfo.

    `message` may hold mail addresses and is cleaned before anybody reads it.
    """

    reasons: frozenset[str]
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """The message, or the reasons in its place, for people."""
        return cleaned(self.message or ", ".join(sorted(self.reasons)))

    @property
    def addresses(self) -> tuple[str, ...]:
        """The mail addresses that the message names."""
        return tuple(found.strip(".") for found in _ADDRESS.findall(self.message))


def said_in(body: bytes) -> Said | None:
    """Read the error body that every Google API shares (`error.errors` and `error.details`); None when it is not there.

    The details are google.rpc.ErrorInfo: `reason`, and `metadata` such as `quota_limit`.
    """
    error = (json_object(body) or {}).get("error")
    if not isinstance(error, dict):
        return None
    entries = [entry for part in ("errors", "details") for entry in _listed(error.get(part)) if isinstance(entry, dict)]
    reasons = frozenset(reason for entry in entries if isinstance(reason := entry.get("reason"), str))
    message = error.get("message")
    notes: dict[str, str] = {}
    for entry in entries:
        metadata = entry.get("metadata")
        if isinstance(metadata, dict):
            notes |= {name: value for name, value in metadata.items() if isinstance(value, str)}
    return Said(reasons=reasons, message=message if isinstance(message, str) else "", metadata=notes)


def outcome(
    verdict: Verdict,
    code: str,
    *,
    wait_s: float | None = None,
    whole_account: bool = False,
    remedy: Remedy | None = None,
    quota: Quota | None = None,
    **values: str,
) -> Outcome:
    """Make an outcome whose text is the catalogue's entry of `code`, filled with `values`."""
    return Outcome(
        verdict=verdict,
        code=code,
        text=str(messages.text(code, **values)) if code else "",
        retry_after_s=wait_s,
        whole_account=whole_account,
        values=values,
        remedy=remedy,
        quota=quota,
    )


def somebody_else(answer: Answer) -> Outcome:
    """Return what an answer means that does not come from Google: it says nothing about the account or the event."""
    code = "N-04" if answer.status == 407 else "G-412"
    return outcome(Verdict.LATER, code, whole_account=True, snippet=snippet(answer.body))


def retry_after_s(header: str | None, now_s: float) -> float | None:
    """Read a `Retry-After` (RFC 9110 section 10.2.3: seconds, or a date), as seconds from `now_s`, 0 to a day."""
    if header is None:
        return None
    header = header.strip()
    if re.fullmatch(r"[0-9]{1,12}", header):
        return min(float(header), LONGEST_WAIT_S)
    at_s = _http_date_s(header)
    return None if at_s is None else min(max(at_s - now_s, 0.0), LONGEST_WAIT_S)


def clock_difference_s(date: str | None, now_s: float) -> float | None:
    """Return how far our clock is ahead of the `Date` of an answer, in seconds; None when it told none."""
    at_s = None if date is None else _http_date_s(date)
    return None if at_s is None else now_s - at_s


def cleaned(text: str, most: int = 200) -> str:
    """Cut somebody else's text down to one printable line without mail addresses."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = re.sub(r"[^\s<>\"']+@[^\s<>\"']+", "(address)", line)
    return line if len(line) <= most else line[: most - 1] + "…"


def snippet(body: bytes) -> str:
    """Return the first words of a page that somebody else than Google sent, as plain text.

    Long words are cut: a page may quote what it was sent, and a code or a token is one long word.
    """
    text = re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)|<[^>]*(>|$)", " ", body[:4096].decode("utf-8", "replace"))
    words = (word if len(word) <= _LONGEST_WORD else "…" for word in html.unescape(text).split())
    return cleaned(" ".join(words), 80).replace('"', "'")


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _http_date_s(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
