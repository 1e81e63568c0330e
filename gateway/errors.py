"""The tree of errors that rooms raise for one another; how an error looks on HTTP or a terminal is not decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class GatewayError(Exception):
    """The root: `code` is stable (logs, answers, docs), `str(error)` is the text for people."""

    code = "error"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one field of a call.

    `field` is the name in the caller's own vocabulary, dotted and indexed (`invitees[3].email`), or a place of the
    request when no field can be blamed (`body`, `Authorization`). `reason` says what is wrong and what is expected;
    it never repeats the value of a secret field.
    """

    field: str
    reason: str


class BadPayload(GatewayError):
    """A call could be read, but what it says cannot be accepted (HTTP 422); `problems` names every field."""

    code = "bad-payload"

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.reason}" for p in problems))
        self.problems = problems


class Unreadable(GatewayError):
    """A call's bytes could not be read at all (HTTP 400)."""

    code = "unreadable"

    def __init__(self, problem: FieldProblem) -> None:
        super().__init__(f"{problem.field}: {problem.reason}")
        self.problem = problem


class NotAuthorized(GatewayError):
    """The credential is missing or wrong; an unknown device and a wrong key look the same on purpose (HTTP 401)."""

    code = "not-authorized"


class NotFound(GatewayError):
    """There is no such thing (HTTP 404)."""

    code = "not-found"


class Conflict(GatewayError):
    """The call contradicts what is stored (HTTP 409)."""

    code = "conflict"


@dataclass(frozen=True, slots=True)
class TakenTime:
    """Time that somebody else has: two instants in seconds since 1970."""

    start_utc_s: int
    end_utc_s: int


class TimeTaken(Conflict):
    """The meeting is at a time that is taken (HTTP 409).

    `taken` are the first of those times, in order; `occurrences` is how many occurrences of the meeting they hit (1 for
    a meeting that does not repeat), `zone` the IANA zone of the meeting. Who has the time is nobody's business here.
    """

    code = "time-taken"

    def __init__(self, text: str, taken: Sequence[TakenTime], occurrences: int, zone: str) -> None:
        super().__init__(text)
        self.taken = tuple(taken)
        self.occurrences = occurrences
        self.zone = zone


class KeyReused(GatewayError):
    """An Idempotency-Key came again with another call (HTTP 422)."""

    code = "idempotency-key-reused"


class ConfigError(GatewayError):
    """The configuration cannot be used; `problems` are complete lines for people, one per mistake."""

    code = "configuration"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class CannotListen(ConfigError):
    """An address cannot be opened: `setting` is its dotted key, `reason` the errno (0 when there is none)."""

    def __init__(self, setting: str, problem: str, reason: int) -> None:
        super().__init__([problem])
        self.setting = setting
        self.reason = reason


class CertificateRefused(GatewayError):
    """A certificate cannot be used; `problem` is why, in a word (`mismatch`, `ended`, ...)."""

    code = "certificate"

    def __init__(self, problem: str) -> None:
        super().__init__(f"The certificate cannot be used ({problem}).")
        self.problem = problem


class ProfileError(GatewayError):
    """A device profile cannot be used; `problems` are complete lines for people, one per mistake."""

    code = "profile"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(GatewayError):
    """The database cannot do what was asked; nothing of the failed transaction was kept."""

    code = "store"


class StoreFull(StoreError):
    """The disk under the database is full (HTTP 507)."""

    code = "store-full"


class StoreUnavailable(StoreError):
    """The database cannot be written at the moment: read-only, failing disk, or closed (HTTP 503)."""

    code = "store-unavailable"


class StoreRefused(StoreError):
    """The database file must not be opened: made by a newer version, damaged, or in use by another gateway."""

    code = "store-refused"


class CatalogueError(GatewayError):
    """Something that a person can mend; `code` is its catalogue code (such as `G-401`), `text` the filled-in sentence.

    `values` fill the placeholders of the catalogue's entry, so that a page can show title, remedy and button too;
    no secret is ever among them. `field` names the form field the error is about, if it is about one.
    """

    def __init__(self, code: str, text: str, *, values: Mapping[str, str] | None = None, field: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.values = dict(values or {})
        self.field = field


class SignInError(CatalogueError):
    """A sign-in at Google, or the client for it, failed."""


class AccessError(CatalogueError):
    """Somebody may not use the admin page, or not yet."""
