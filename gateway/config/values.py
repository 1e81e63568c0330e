"""The kinds of values that settings can have and what each accepts; names and sources of settings are not here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from gateway.domain.alert_kind import ALL, NONE, AlertKind, chosen_of, written
from gateway.domain.secret import WEBHOOK_KEY_BYTES, Secret, webhook_key
from gateway.messages.languages import tr


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
        raise Refused(tr("must be an IP address and a port from 0 to 65535, such as 0.0.0.0:8765 or [::1]:8765"))

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
        raise Refused(tr("must be between %(low)s and %(high)s", low=self.low, high=self.high))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that the whole text must match; `expected` says in words what the text must be."""

    regex: str
    expected: Callable[[], str]

    def __call__(self, text: str) -> str:
        """`text`, or `Refused`."""
        if re.fullmatch(self.regex, text):
            return text
        raise Refused(self.expected())


@dataclass(frozen=True, slots=True)
class OneLine:
    """Text of one line, of 1 to `longest` characters, without spaces at its ends."""

    longest: int

    def __call__(self, text: str) -> str:
        """`text`, or `Refused`."""
        if 1 <= len(text) <= self.longest and text.isprintable() and text == text.strip():
            return text
        raise Refused(
            tr("must be one line of 1 to %(longest)s characters, without spaces at its ends", longest=self.longest)
        )


def setting_version(version: int) -> int:
    """Which edition of the settings a file is written in; there is one so far."""
    if version == 1:
        return version
    raise Refused(tr("must be 1"))


def zone_name(text: str) -> str:
    """A name of the IANA time zone database, as the `tzdata` package lists them."""
    from importlib.resources import files  # 10 ms, wanted only when a zone is given

    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    if text in names and text != "Factory":
        return text
    raise Refused(tr("must be an IANA time zone such as Europe/Berlin"), hint=did_you_mean(text, names))


def device_key(key: Secret) -> Secret:
    """A key that fits into an HTTP header (RFC 9110 §5.5, RFC 7617 §2) and is too long to be guessed."""
    if re.fullmatch(r"[!-~]{16,256}", key.reveal()):
        return key
    raise Refused(tr("must be 16 to 256 letters, digits and signs without spaces"), shows_value=False)


def device_password(password: Secret) -> Secret:
    """A password that a device asks for: any characters that can be typed."""
    if 1 <= len(password.reveal()) <= 256 and password.reveal().isprintable():
        return password
    raise Refused(tr("must be 1 to 256 characters on one line"), shows_value=False)


def webhook_secret(secret: Secret) -> Secret:
    """The secret of a webhook, as Standard Webhooks 1.0 writes it."""
    try:
        webhook_key(secret)
    except ValueError:
        least, most = WEBHOOK_KEY_BYTES
        text = tr("must be whsec_ and the base64 of %(least)s to %(most)s bytes", least=least, most=most)
        raise Refused(text, shows_value=False) from None
    return secret


def device_address(text: str) -> str:
    """A host name or an IP address without port; numbers that only some programs read as an address are refused."""
    expected = tr("must be a host name or an IP address such as 192.0.2.21, without https:// and port")
    try:
        return str(ip_address(text.removeprefix("[").removesuffix("]")))
    except ValueError:
        pass
    name = text.removesuffix(".").lower()
    last = name.rpartition(".")[2]
    # A last label of digits makes a number of the whole to many programs (WHATWG URL §4.4: "ends in a number").
    if len(name) > 253 or not _HOST.fullmatch(name) or last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        raise Refused(expected, shows_value="@" not in text)
    return name


_HOST = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*")


def mail_server(text: str) -> str:
    """The host name or IP address of a mail server, without port."""
    try:
        return device_address(text)
    except Refused as refused:
        expected = tr("must be a host name or an IP address such as mail.example.com; the port stands in port")
        raise Refused(expected, shows_value=refused.shows_value) from None


def mailbox(text: str) -> str:
    """One e-mail address, without a name (RFC 5321 §4.1.2, dot-string only)."""
    if len(text) <= 254 and _MAILBOX.fullmatch(text):
        return text
    raise Refused(tr("must be an e-mail address such as gateway@example.com"))


def mailboxes(text: str) -> str:
    """One to twenty e-mail addresses with commas between them; returned with a comma and a space."""
    every = [each.strip() for each in text.split(",")]
    if 1 <= len(every) <= 20 and all(len(each) <= 254 and _MAILBOX.fullmatch(each) for each in every):
        return ", ".join(every)
    raise Refused(tr("must be 1 to 20 e-mail addresses with commas between them"))


_MAILBOX = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII
)


def alert_kinds(text: str) -> str:
    """`all`, `none`, or kinds of alerts with commas between them; returned in one order."""
    try:
        return written(chosen_of(text))
    except ValueError:
        known = ", ".join(AlertKind)
        words = tr("must be %(all)s, %(none)s, or some of %(known)s", all=ALL, none=NONE, known=known)
        typed = [each for each in (each.strip() for each in text.split(",")) if each not in [*AlertKind]]
        raise Refused(words, hint=did_you_mean(typed[0], [*map(str, AlertKind), ALL, NONE]) if typed else "") from None


def syslog_address(text: str) -> str:
    """`host:port` of a syslog server that listens on UDP, `[::1]:514` for IPv6, or the path of a socket."""
    if re.fullmatch(r"/[!-~]{1,106}", text):  # as long as a socket's path may be
        return text
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+):([0-9]{1,5})", text)
    if match and 0 < int(match[2]) <= 65_535:
        try:
            device_address(match[1])
        except Refused:
            pass
        else:
            return text
    raise Refused(tr("must be host:port such as 192.0.2.5:514, or the path of a socket such as /dev/log"))


def certificate_fingerprint(text: str) -> str:
    """The SHA-256 of a certificate in hexadecimal digits, with or without colons; returned small and without."""
    digits = text.replace(":", "").lower()
    if re.fullmatch(r"[0-9a-f]{64}", digits):
        return digits
    raise Refused(tr("must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons between them"))


def sip_address(text: str) -> str:
    """A SIP URI (RFC 3261 §19.1) in which `{room}` may stand for the meeting's room."""
    if re.fullmatch(r"sips?:[A-Za-z0-9{}_.!~*'()&=+$,;?/%@:\[\]-]{1,250}", text) and _only_room(text):
        return text
    raise Refused(tr("must be a SIP address such as sip:{room}@pbx.example.com, with no other braces than {room}"))


def web_link(text: str) -> str:
    """An `https` address in which `{room}` may stand for the meeting's room."""
    parts = _split(text.replace("{room}", "room"))
    if parts is not None and parts.scheme == "https" and len(text) <= 500 and _only_room(text):
        return text
    raise Refused(tr("must be an address such as https://meet.example.com/{room}, with no other braces than {room}"))


def _only_room(text: str) -> bool:
    return not re.search(r"[{}]", text.replace("{room}", ""))


def client_secret(secret: Secret) -> Secret:
    """A client secret as Google makes them: visible ASCII."""
    if re.fullmatch(r"[!-~]{1,512}", secret.reveal()):
        return secret
    raise Refused(tr("must be the text that Google shows, without spaces"), shows_value=False)


def client_id(text: str) -> str:
    """An OAuth client's ID; its ending depends on the endpoints and is not judged here."""
    if not text:
        raise Refused(tr(": Enter the Client ID, or remove the line. (G-101)"))
    if re.fullmatch(r"[!-~]{1,255}", text):
        return text
    raise Refused(tr("must be the text that Google shows, without spaces"), shows_value=False)


def web_address(text: str) -> str:
    """An http or https address that paths are added to; a slash at its end is removed."""
    parts = _split(text)
    if parts is None or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise Refused(tr("must be a web address such as https://meet.example.com"), shows_value="@" not in text)
    return text.rstrip("/")


def endpoint(text: str) -> str:
    """As `web_address`; without TLS on this machine's own loopback addresses only."""
    parts = _split(text)
    secure = parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts)))
    if parts is None or not secure or parts.query or parts.fragment:
        expected = tr("must be a web address that starts with https:// (http:// only for localhost and 127.0.0.1)")
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


def is_loopback(address: str) -> bool:
    """Whether a web address leads to this very machine."""
    parts = _split(address)
    return parts is not None and _is_loopback(parts)


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
    return tr("; did you mean %(word)s?", word=repr(by_lower[near[0]])) if near else ""
