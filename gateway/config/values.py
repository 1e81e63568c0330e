"""The kinds of values that settings can have and what each accepts; names and sources of settings are not here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NoReturn
from urllib.parse import SplitResult, urlsplit


class Refused(Exception):
    """A value that a setting does not accept.

    `text` follows the setting's name: either an expectation ("must be …"), which the value itself is added to, or,
    when it starts with a colon, whole sentences. `shows_value` is False where the value may be or hold a secret.
    `hint` stands at the end.
    """

    def __init__(self, text: str, *, shows_value: bool = True, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.shows_value = shows_value and not text.startswith(":")
        self.hint = hint


class Secret:
    """A text that no repr, message, log line, pickle or JSON shows; only `reveal` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; for the one place that sends or hashes it."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: dict[int, object]) -> Secret:
        return self

    def __getstate__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where to listen: an IP address (IPv6 without brackets) and a TCP port; port 0 means any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `0.0.0.0:8765` or `[::1]:8765`."""
        match = re.fullmatch(r"(?:\[(?P<six>[^][]+)\]|(?P<four>[^][:]+)):(?P<port>[0-9]{1,5})", text)
        if match and int(match["port"]) <= 65535:
            try:
                host = str(IPv6Address(match["six"])) if match["six"] else str(IPv4Address(match["four"]))
            except ValueError:
                pass
            else:
                return cls(host=host, port=int(match["port"]))
        raise Refused("must be an IP address and a port from 0 to 65535, such as 0.0.0.0:8765 or [::1]:8765")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number."""

    low: float
    high: float

    def __call__(self, value: float) -> float:
        """`value`, or `Refused`."""
        if self.low <= value <= self.high:
            return value
        raise Refused(f"must be between {self.low} and {self.high}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that the whole text must match, and what it means in words."""

    regex: str
    words: str

    def __call__(self, text: str) -> str:
        """`text`, or `Refused`."""
        if re.fullmatch(self.regex, text):
            return text
        raise Refused(f"must be {self.words}")


@dataclass(frozen=True, slots=True)
class OneLine:
    """Text of one line, of 1 to `longest` characters, without spaces at its ends."""

    longest: int

    def __call__(self, text: str) -> str:
        """`text`, or `Refused`."""
        if 1 <= len(text) <= self.longest and text.isprintable() and text == text.strip():
            return text
        raise Refused(f"must be one line of 1 to {self.longest} characters, without spaces at its ends")


def setting_version(version: int) -> int:
    """Which edition of the settings a file is written in; there is one so far."""
    if version == 1:
        return version
    raise Refused("must be 1")


def zone_name(text: str) -> str:
    """A name of the IANA time zone database, as the `tzdata` package lists them."""
    from importlib.resources import files  # 10 ms, wanted only when a zone is given

    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    if text in names and text != "Factory":
        return text
    raise Refused("must be an IANA time zone such as Europe/Berlin", hint=did_you_mean(text, names))


def device_key(key: Secret) -> Secret:
    """A key that fits into an HTTP header (RFC 9110 §5.5, RFC 7617 §2) and is too long to be guessed."""
    if re.fullmatch(r"[!-~]{16,256}", key.reveal()):
        return key
    raise Refused("must be 16 to 256 letters, digits and signs without spaces", shows_value=False)


def client_secret(secret: Secret) -> Secret:
    """A client secret as Google makes them: visible ASCII."""
    if re.fullmatch(r"[!-~]{1,512}", secret.reveal()):
        return secret
    raise Refused("must be the text that Google shows, without spaces", shows_value=False)


def client_id(text: str) -> str:
    """An OAuth client's ID; its ending depends on the endpoints and is not judged here."""
    if not text:
        raise Refused(": Enter the Client ID, or remove the line. (G-101)")
    if re.fullmatch(r"[!-~]{1,255}", text):
        return text
    raise Refused("must be the text that Google shows, without spaces", shows_value=False)


def web_address(text: str) -> str:
    """An http or https address that paths are added to; a slash at its end is removed."""
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise Refused("must be a web address such as https://meet.example.com", shows_value="@" not in text)
    return text.rstrip("/")


def endpoint(text: str) -> str:
    """As `web_address`; without TLS on this machine's own loopback addresses only."""
    parts = _split(text)
    secure = parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts)))
    if parts is None or not secure or parts.query or parts.fragment:
        expected = "must be a web address that starts with https:// (http:// only for localhost and 127.0.0.1)"
        raise Refused(expected, shows_value="@" not in text)
    return text.rstrip("/")


def _split(text: str) -> SplitResult | None:
    """The parts of an address with host and without user name, or None; nothing is repaired or removed."""
    if not re.fullmatch(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\x00-\x20\x7f-\U0010ffff\"<>\\^`{|}@]+", text):
        return None
    try:
        parts = urlsplit(text)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def did_you_mean(word: str, known: Iterable[str], *, prefix: str = "") -> str:
    """`; did you mean 'x'?` with the nearest of the known words, or nothing when none is near.

    `prefix` is what all known words start with; `word` comes without it.
    """
    from difflib import get_close_matches  # 4 ms, wanted only when something is wrong

    by_lower = {name.removeprefix(prefix).lower(): name for name in known}
    near = get_close_matches(word.lower(), by_lower, 1)
    return f"; did you mean {by_lower[near[0]]!r}?" if near else ""
