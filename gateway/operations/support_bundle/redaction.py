"""What must not leave the house in a file for others: secrets go, addresses and subjects get other names; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gateway import log

GONE = "***"
SHORTEST_SECRET = 4
_SHORTEST_SUBJECT = 3
_MOST_SUBJECTS = 2_000

_EMAIL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}|[\w.+-]{1,64}@[\w-]{2,63}\b")
_SECRET_NAME = re.compile(
    r"pin|pass|pwd|secret|token|cookie|credential|signature|private.?key|api.?key|device.?key|^key$|_key$", re.I
)
_PRIVATE_NAME = re.compile(
    r"subject|summary|title|agenda|description|topic|comment|meeting.?name|conf.?name|^name$|display.?name", re.I
)


class Redaction:
    """Makes texts fit to be given away.

    `secrets` are texts that must be nowhere, `subjects` what meetings are called. Each address becomes `user1@domain1`
    and each subject `subject 1`, the same one each time, so that a reader can follow them. With `include_private`
    addresses and subjects stay.
    """

    def __init__(
        self, secrets: Iterable[str] = (), subjects: Iterable[str] = (), *, include_private: bool = False
    ) -> None:
        self._private = not include_private
        self._users: dict[str, str] = {}
        self._domains: dict[str, str] = {}
        self._subjects: dict[str, str] = {}
        self._secrets = _any_of(text for text in secrets if len(text) >= SHORTEST_SECRET)
        known = sorted({text for text in subjects if len(text) >= _SHORTEST_SUBJECT})[:_MOST_SUBJECTS]
        self._known = _any_of(known) if self._private else None

    def text(self, text: str) -> str:
        """Return a text without what must not be in it."""
        if self._secrets is not None:
            text = self._secrets.sub(GONE, text)
        text = log.redact(text)
        if self._private:
            if "@" in text:  # looking for an address in a long word takes its time
                text = _EMAIL.sub(lambda found: self._address(found[0]), text)
            if self._known is not None:
                text = self._known.sub(lambda found: self._subject(found[0]), text)
        return text

    def value(self, value: object, name: str = "") -> object:
        """Return the same for something that JSON can hold; a field's `name` may tell that it is secret or private."""
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item, name) for item in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        if _SECRET_NAME.search(name):
            return GONE
        if isinstance(value, str):
            return self._subject(value) if self._private and _PRIVATE_NAME.search(name) else self.text(value)
        return GONE if self._secrets is not None and self._secrets.fullmatch(str(value)) else value

    def _address(self, address: str) -> str:
        user, _, domain = address.casefold().rpartition("@")
        domain = self._domains.setdefault(domain, f"domain{len(self._domains) + 1}")
        user = self._users.setdefault(f"{user}@{domain}", f"user{len(self._users) + 1}")
        return f"{user}@{domain}"

    def _subject(self, subject: str) -> str:
        return self._subjects.setdefault(subject, f"subject {len(self._subjects) + 1}")


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds any of these texts, the longest first; of digits alone, only as a number of their own."""
    found = sorted(set(texts), key=len, reverse=True)
    parts = [
        rf"(?<!\w){re.escape(text)}(?!\w)" if text.isalnum() and len(text) < 8 else re.escape(text) for text in found
    ]
    return re.compile("|".join(parts)) if parts else None
