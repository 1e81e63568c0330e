"""Alerts as mail: what a letter says, what no value in it can do, and what is told when a server does not take it."""

from __future__ import annotations

import email
import email.policy
import ssl
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.secret import Secret
from gateway.notify.alert import Alert
from gateway.notify.mail import MailChannel, MailServer, letter
from gateway.notify.webhook import Taken
from tests.ports import free_port
from tests.unit.notify.mail_server import certificates, mail_server

PASSWORD = "mail-password-canary"
ALERT = Alert(
    id="alt_7",
    type="account.lost",
    at_s=1_714_381_200,
    severity="error",
    code="G-503",
    title="Google no longer accepts our authorization.",
    text="Known reasons: access removed. Authorize again.",
    gateway="Zürich office",
    page="https://192.0.2.1:8766/",
)


def server_at(port: int, **own: object) -> MailServer:
    words = {
        "security": "none",
        "sender": "gateway@example.com",
        "to": ("ann@example.com", "Bo <bo@example.com>"),
        **own,
    }
    return MailServer(server="127.0.0.1", port=port, **words)  # type: ignore[arg-type]


def read(text: str) -> EmailMessage:
    return email.message_from_bytes(text.encode(), policy=email.policy.default)  # type: ignore[return-value]


async def test_a_letter_says_what_happened_and_where_to_go():
    async with mail_server() as mail:
        told = await MailChannel(server_at(mail.port)).send(ALERT, now_s=1_714_381_260)
    assert told.taken is Taken.YES, told
    (came,) = map(read, mail.letters)
    assert came["Subject"] == "[Zürich office] Google no longer accepts our authorization."
    assert (came["From"], came["To"]) == ("gateway@example.com", "ann@example.com, Bo <bo@example.com>")
    assert came["Message-ID"] == "<alt_7@example.com>"
    assert came["Date"] == "Mon, 29 Apr 2024 09:01:00 -0000"
    assert came["Auto-Submitted"] == "auto-generated"
    said = came.get_content()
    for words in (ALERT.title, "Authorize again.", ALERT.page, "code G-503", "Zürich office"):
        assert words in said


async def test_a_password_goes_only_through_an_encrypted_and_verified_connection(tmp_path: Path):
    server, client = certificates(tmp_path)
    for tls, security in ((False, "starttls"), (True, "tls")):
        async with mail_server(tls=tls, context=server) as mail:
            where = server_at(mail.port, security=security, user="gateway", password=Secret(PASSWORD))
            stranger = await MailChannel(where).send(ALERT, now_s=0)
            assert stranger.taken is Taken.LATER
            assert "is not trusted" in stranger.text
            assert mail.logins == []
            told = await MailChannel(where, context=lambda: client).send(ALERT, now_s=0)
            assert told.taken is Taken.YES, told
            assert mail.logins == [("gateway", PASSWORD)]
            assert mail.encrypted == [True]
            assert PASSWORD not in repr(where)


async def test_no_encryption_where_it_is_wanted_sends_nothing():
    async with mail_server() as mail:
        told = await MailChannel(server_at(mail.port, security="starttls")).send(ALERT, now_s=0)
    assert told.taken is Taken.LATER
    assert "STARTTLS" in told.text
    assert mail.letters == []


@pytest.mark.parametrize(
    ("word", "answer", "says"),
    [
        ("AUTH", f"535 {PASSWORD} is wrong", "refused user name or password (535)"),
        ("MAIL", "550 not from you", "answered 550: not from you"),
        ("RCPT", "550 nobody here", "takes nothing for ann@example.com, bo@example.com"),
        (".", "452 too much\x1b[31m mail", "answered 452: too much [31m mail"),
        ("EHLO", "421 go away", "421"),
    ],
)
async def test_what_a_server_refuses_is_told_without_the_password(word: str, answer: str, says: str):
    async with mail_server() as mail:
        mail.refuses = {word: answer, **({"HELO": answer} if word == "EHLO" else {})}
        where = server_at(mail.port, user="gateway", password=Secret(PASSWORD))
        told = await MailChannel(where).send(ALERT, now_s=0)
    assert told.taken is Taken.LATER
    assert says in told.text
    assert PASSWORD not in told.text
    assert "\x1b" not in told.text


async def test_somebody_who_is_not_known_keeps_nobody_else_from_hearing():
    async with mail_server() as mail:
        mail.refuses = {"RCPT TO:<ANN@EXAMPLE.COM>": "550 nobody here"}
        told = await MailChannel(server_at(mail.port)).send(ALERT, now_s=0)
    assert (told.taken, told.text) == (Taken.YES, "Not taken: ann@example.com.")
    assert len(mail.letters) == 1


async def test_nobody_answers():
    async with mail_server() as mail:
        mail.silent = True
        told = await MailChannel(server_at(mail.port), timeout_s=0.2).send(ALERT, now_s=0)
        assert (told.taken, "in time" in told.text) == (Taken.LATER, True)
    told = await MailChannel(server_at(free_port())).send(ALERT, now_s=0)
    assert told.taken is Taken.LATER
    assert "cannot be reached (the connection was refused" in told.text
    told = await MailChannel(replace(server_at(1), server="no-such-host.invalid")).send(ALERT, now_s=0)
    assert "can't be resolved" in told.text


@pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nBcc: c@example.com", "a@b c", "@example.com", "a@"])
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(ValueError, match="address"):
        server_at(25, to=(address,))
    with pytest.raises(ValueError, match="address"):
        server_at(25, sender=address)


@given(
    title=st.text(max_size=80),
    text=st.text(max_size=200),
    gateway=st.text(max_size=40),
    id_=st.from_regex(r"alt_[a-z0-9_]{1,40}", fullmatch=True),
)
def test_no_value_of_an_alert_adds_a_line_to_the_head(title: str, text: str, gateway: str, id_: str):
    mail = letter(server_at(25), replace(ALERT, title=title, text=text, gateway=gateway, id=id_), now_s=0)
    head, _, _ = mail.as_bytes(policy=email.policy.SMTP).partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert sorted(names) == sorted(
        [
            *(b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"Importance"),
            *(b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version"),
        ]
    )


def test_the_certificate_is_verified_unless_a_test_says_otherwise():
    context = ssl.create_default_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
