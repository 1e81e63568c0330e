"""Alerts as syslog messages: their form, over UDP and over both kinds of sockets."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.notify.alert import Alert
from gateway.notify.syslog import MOST_BYTES, SyslogChannel, SyslogServer, line, server_of
from gateway.notify.webhook import Taken

ALERT = Alert(
    id="alt_7",
    type="account.lost",
    at_s=1_714_381_200,
    severity="error",
    code="G-503",
    title="Google no longer accepts our authorization.",
    text="Authorize again.",
    gateway="Head office",
)
FORM = re.compile(
    rb"<(\d{1,3})>1 (\S+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
    rb'\[origin software="meeting-gateway" swVersion="[^"\]\\]+"\] (\xef\xbb\xbf)?(.*)',
    re.S,
)


def test_the_form_of_rfc_5424():
    found = FORM.fullmatch(line(ALERT, host="gw.example.com"))
    assert found is not None
    assert found[1] == b"27", "facility daemon, severity error"
    assert found[2] == b"2024-04-29T09:00:00Z"
    assert (found[3], found[4], found[6]) == (b"gw.example.com", b"meeting-gateway", b"account.lost")
    assert found[7] is None
    assert found[8] == b"G-503 Head office: Google no longer accepts our authorization. Authorize again."
    assert FORM.fullmatch(line(replace(ALERT, severity="warning"), host="x"))[1] == b"28"  # type: ignore[index]
    assert FORM.fullmatch(line(replace(ALERT, severity="info"), host="x"))[1] == b"30"  # type: ignore[index]


@given(text=st.text(max_size=4000), gateway=st.text(max_size=50), host=st.text(max_size=300))
def test_it_stays_one_message_whatever_is_in_it(text: str, gateway: str, host: str):
    made = line(replace(ALERT, text=text, gateway=gateway), host=host)
    assert len(made) <= MOST_BYTES
    assert FORM.fullmatch(made) is not None
    said = made.decode("utf-8")
    assert all(each.isprintable() or each == "\ufeff" for each in said)


@pytest.mark.parametrize("letter", ["x", "ü", "語", "🙂"])
def test_a_long_one_is_cut_at_the_border_of_a_character(letter: str):
    made = line(replace(ALERT, text=letter * 3000), host="gw")
    assert MOST_BYTES - 4 < len(made) <= MOST_BYTES
    assert made.decode("utf-8").endswith(letter)


async def test_over_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        channel = SyslogChannel(server_of(f"127.0.0.1:{receiver.getsockname()[1]}"))
        assert (await channel.send(ALERT, now_s=0)).taken is Taken.YES
        async with asyncio.timeout(60):
            came = await asyncio.get_running_loop().sock_recv(receiver, 65_536)
    assert FORM.fullmatch(came) is not None


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
async def test_over_a_socket_of_this_machine(tmp_path: Path, kind: socket.SocketKind):
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, kind) as receiver:
        receiver.bind(str(path))
        if kind is socket.SOCK_STREAM:
            receiver.listen()
        receiver.settimeout(60)
        assert (await SyslogChannel(SyslogServer(path=str(path))).send(ALERT, now_s=0)).taken is Taken.YES
        if kind is socket.SOCK_STREAM:
            taken, _ = receiver.accept()
            with taken:
                came = taken.recv(65_536)
        else:
            came = receiver.recv(65_536)
    assert FORM.fullmatch(came.rstrip(b"\n")) is not None


async def test_nobody_there(tmp_path: Path):
    told = await SyslogChannel(SyslogServer(path=str(tmp_path / "none"))).send(ALERT, now_s=0)
    assert told.taken is Taken.LATER
    assert str(tmp_path) in told.text
    assert "(no such file or directory)" in told.text
    told = await SyslogChannel(SyslogServer(host="no-such-host.invalid")).send(ALERT, now_s=0)
    assert told.taken is Taken.LATER
    assert "no-such-host.invalid" in told.text


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("192.0.2.5:5514", SyslogServer(host="192.0.2.5", port=5514)),
        ("log.example.com", SyslogServer(host="log.example.com")),
        ("[2001:db8::5]:514", SyslogServer(host="2001:db8::5")),
        ("2001:db8::5", SyslogServer(host="2001:db8::5")),
        ("/dev/log", SyslogServer(path="/dev/log")),
    ],
)
def test_addresses(address: str, server: SyslogServer):
    assert server_of(address) == server
    assert server_of(server.shown) == server


@pytest.mark.parametrize("address", ["", ":514", "host:", "host:99999", "host:port"])
def test_what_is_no_address(address: str):
    with pytest.raises(ValueError, match="host:port"):
        server_of(address)
