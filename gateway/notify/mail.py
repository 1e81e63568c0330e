"""Alerts as mail through one server (SMTP, RFC 5321); whom to tell what is not decided here."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gateway.domain.secret import Secret
from gateway.notify.alert import Alert, plain
from gateway.notify.reasons import reason
from gateway.notify.webhook import Taken, Told

if TYPE_CHECKING:
    import smtplib
    from email.headerregistry import Address
    from email.message import EmailMessage

Security = Literal["starttls", "tls", "none"]

TIMEOUT_S = 20.0
"""For each step of the talk with the server."""
LONGEST_TALK_S = 90.0
_LONGEST_SUBJECT = 160
_LONGEST_ANSWER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail goes, from whom, to whom; without `user` nobody signs in. ValueError says what cannot be an address.

    `sender` and `to` are `name@domain`, or `Name <name@domain>`.
    """

    server: str
    port: int
    security: Security
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password: Secret | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("a mail needs somebody who gets it")
        for text in (self.sender, *self.to):
            _address(text)


class MailChannel:
    """Sends alerts by mail; `context` makes the TLS settings, which verify the server's certificate by default."""

    name = "email"

    def __init__(
        self,
        server: MailServer,
        *,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._server = server
        self._context = context
        self._timeout_s = timeout_s

    async def send(self, alert: Alert, *, now_s: int) -> Told:
        """Send a mail once. Its Message-ID is the alert's, so that a mail that came twice is seen to be the same."""
        mail = letter(self._server, alert, now_s=now_s)
        try:
            async with asyncio.timeout(LONGEST_TALK_S):
                return await asyncio.to_thread(self._talk, mail)
        except TimeoutError:
            return _later(f"The mail server {self._server.server} did not answer in time.")

    async def close(self) -> None:
        """Nothing is held open between two mails."""

    def _talk(self, mail: EmailMessage) -> Told:
        """Have the whole conversation; runs in a thread of its own."""
        import smtplib

        try:
            with self._connected() as server:
                if self._server.user is not None and self._server.password is not None:
                    server.login(self._server.user, self._server.password.reveal())
                left_out = server.send_message(mail)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return _later(_what_was_wrong(error, self._server))
        return Told(taken=Taken.YES, text=f"Not taken: {', '.join(sorted(left_out))}." if left_out else "")

    def _connected(self) -> smtplib.SMTP:
        """Return a connection that is encrypted as far as was asked for. Raises SMTPException or OSError."""
        import smtplib

        server, port, own = self._server.server, self._server.port, _own_name()
        if self._server.security == "tls":
            return smtplib.SMTP_SSL(server, port, local_hostname=own, timeout=self._timeout_s, context=self._context())
        talk = smtplib.SMTP(server, port, local_hostname=own, timeout=self._timeout_s)
        if self._server.security == "starttls":
            try:
                talk.starttls(context=self._context())
            except BaseException:
                talk.close()
                raise
        return talk


def letter(server: MailServer, alert: Alert, *, now_s: int) -> EmailMessage:
    """Return an alert as a mail (RFC 5322). No value of it can add a line to the head."""
    from email.message import EmailMessage
    from email.utils import formatdate

    sender = _address(server.sender)
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = tuple(_address(each) for each in server.to)
    mail["Subject"] = plain(f"[{alert.gateway}] {alert.headline}", _LONGEST_SUBJECT)
    mail["Date"] = formatdate(now_s)
    mail["Message-ID"] = f"<{alert.id}@{sender.domain.encode('idna').decode('ascii')}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs leave it alone
    if alert.severity == "error":
        mail["Importance"] = "high"
    mail.set_content(_body(alert))
    return mail


def _body(alert: Alert) -> str:
    lines = [alert.headline, "", *alert.text.splitlines(), ""]
    if alert.page:
        lines += [f"The gateway's page: {alert.page}", ""]
    lines.append(f"{alert.gateway}, code {alert.code}" if alert.code else alert.gateway)
    return "\n".join(lines) + "\n"


def _address(text: str) -> Address:
    """Return a header's address. Raises ValueError."""
    from email.errors import MessageError
    from email.headerregistry import Address
    from email.utils import parseaddr

    name, spec = parseaddr(text)
    if text != plain(text, len(text)) or "@" not in spec or not text.endswith((spec, f"<{spec}>")):
        raise ValueError(f"{plain(text, 100)!r} is no e-mail address")
    try:
        return Address(display_name=name, addr_spec=spec)
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError(f"{plain(text, 100)!r} is no e-mail address") from error


def _own_name() -> str:
    """Return how we greet the server: our name if it is a whole one, else an address (RFC 5321, 4.1.4)."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _later(text: str) -> Told:
    return Told(taken=Taken.LATER, text=text)


def _what_was_wrong(error: Exception, server: MailServer) -> str:
    """Say what was in the way; nothing the server says about a password is repeated."""
    return _of_the_talk(error, server) or _of_the_network(error, server)


def _of_the_talk(error: Exception, server: MailServer) -> str:
    import smtplib

    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server refused user name or password ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        who = ", ".join(sorted(map(str, error.recipients)))
        return f"The mail server takes nothing for {plain(who, _LONGEST_ANSWER)}."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if server.security == "starttls" and "STARTTLS" in str(error):
            return "The mail server offers no encryption (STARTTLS). Use its port for TLS, or another server."
        return "The mail server cannot do what is needed: sign-in, or addresses that are not ASCII."
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"The mail server answered {error.smtp_code}: {plain(str(said), _LONGEST_ANSWER)}"
    if isinstance(error, smtplib.SMTPException):
        # What a time limit of its own cut off is told by smtplib in words only.
        return f"The mail server {'did not answer in time' if 'timed out' in str(error) else 'ended the conversation'}."
    return ""


def _of_the_network(error: Exception, server: MailServer) -> str:
    where = f"{server.server}:{server.port}"
    if isinstance(error, socket.gaierror | UnicodeError):
        return f"The name {server.server} can't be resolved."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {where} is not trusted: {plain(error.verify_message, _LONGEST_ANSWER)}."
    if isinstance(error, ssl.SSLError):
        return f"No encrypted connection with {where}: is this its port for {server.security}?"
    if isinstance(error, TimeoutError):
        return f"The mail server {where} did not answer in time."
    return f"The mail server {where} cannot be reached ({reason(error)})."
