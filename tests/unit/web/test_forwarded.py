"""What proxies say of a caller: believed from those that were named alone, and read back from the nearest one."""

from __future__ import annotations

from collections.abc import Mapping
from unittest import mock

import pytest
from aiohttp import web
from aiohttp.http import HttpVersion10
from aiohttp.test_utils import make_mocked_request
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from gateway.web.forwarded import TrustedProxies, is_for_others, is_heard, says_plain_http, visit_of

PROXY = "192.0.2.10"
TRUSTED = TrustedProxies("192.0.2.10, 10.1.0.0/16, 2001:db8:1::/48, 127.0.0.1")
Lines = list[tuple[str, str]]


def asked(peer: str, lines: Lines | Mapping[str, str], host: str = "gateway.lan:8765") -> web.Request:
    """A request as it comes from a peer."""
    transport = mock.Mock()
    transport.get_extra_info.side_effect = {"peername": (peer, 5000), "sockname": ("192.0.2.1", 8765)}.get
    pairs = [("Host", host), *(lines.items() if isinstance(lines, Mapping) else lines)]
    return make_mocked_request("GET", "/google", CIMultiDict(pairs), transport=transport)


def told(peer: str, lines: Lines | Mapping[str, str], trusted: TrustedProxies = TRUSTED) -> tuple[str, str, str, str]:
    """Address, scheme, host and path of what is heard."""
    request = trusted.heard(asked(peer, lines))
    heard = is_heard(request)
    return request.remote or "", request.scheme, request.host, heard.prefix if heard is not None else ""


ALL = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "pbx.example.com",
    "X-Forwarded-Prefix": "/meetings",
}


@pytest.mark.parametrize("peer", [PROXY, "10.1.255.1", "2001:db8:1::7", "::ffff:192.0.2.10", "127.0.0.1"])
def test_a_trusted_proxy_is_believed_all_of_it(peer: str) -> None:
    assert told(peer, ALL) == ("203.0.113.9", "https", "pbx.example.com", "/meetings")


@pytest.mark.parametrize(
    "peer", ["192.0.2.11", "10.2.0.1", "2001:db8:2::7", "127.0.0.2", "::1", "203.0.113.9", "fe80::1%2"]
)
def test_nobody_else_is(peer: str) -> None:
    assert told(peer, ALL) == (peer, "http", "gateway.lan:8765", "")
    assert is_heard(TRUSTED.heard(asked(peer, ALL))) is None


def test_by_default_nobody_is() -> None:
    request = asked("127.0.0.1", ALL)
    assert TrustedProxies().heard(request) is request
    assert not TrustedProxies()


@pytest.mark.parametrize(
    ("said", "address"),
    [
        (["203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["2001:db8:9::1"], "2001:db8:9::1"),
        (["[2001:db8:9::1]:4711"], "2001:db8:9::1"),
        (["[2001:db8:9::1]"], "2001:db8:9::1"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # the visitor wrote the first
        (["1.1.1.1", "203.0.113.9"], "203.0.113.9"),  # in a header of its own
        (["1.1.1.1, 203.0.113.9, 10.1.0.5"], "203.0.113.9"),  # through two that are trusted
        (["203.0.113.9", "10.1.0.5", "10.1.0.6"], "203.0.113.9"),
        (["10.1.0.5"], "10.1.0.5"),  # from the proxies' own network
        (["unknown"], PROXY),
        ([""], PROXY),
        (["203.0.113.9, "], PROXY),
        (["203.0.113.9, garbage"], PROXY),
        (["garbage, 203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, garbage, 10.1.0.5"], "10.1.0.5"),
        (["999.1.1.1"], PROXY),
        (["0x7f.1"], PROXY),
        (["2130706433"], PROXY),
        (["127.1"], PROXY),
        (["[127.0.0.1"], PROXY),
        (["fe80::1%eth0"], PROXY),
        (["203.0.113.9:999999"], PROXY),
        (["for=203.0.113.9"], PROXY),
        (['"203.0.113.9"'], PROXY),
        (["1.1.1.1," * 5000 + "203.0.113.9"], "203.0.113.9"),
        ([], PROXY),
    ],
)
def test_the_caller_is_whom_the_nearest_trusted_proxy_saw(said: list[str], address: str) -> None:
    assert told(PROXY, [("X-Forwarded-For", each) for each in said])[0] == address


@pytest.mark.parametrize(
    ("said", "scheme"),
    [
        ("https", "https"),
        ("HTTPS", "https"),
        ("http, https", "https"),
        ("https, http", "http"),
        ("ftp", "http"),
        ("", "http"),
    ],
)
def test_the_scheme_is_what_the_nearest_proxy_says(said: str, scheme: str) -> None:
    assert told(PROXY, {"X-Forwarded-Proto": said})[1] == scheme


@pytest.mark.parametrize("said", ["evil example", "a/b", "a@b", "a\\b", "a,", "[::1", "a:b", "x" * 300, "ä"])
def test_what_is_no_host_changes_nothing(said: str) -> None:
    assert told(PROXY, {"X-Forwarded-Host": said})[2] == "gateway.lan:8765"


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ("/meetings", "/meetings"),
        ("/meetings/", "/meetings"),
        ("/a/b-c_d.e~f", "/a/b-c_d.e~f"),
        ("/", ""),
        ("meetings", ""),
        ("//evil.example", ""),
        ("/..", ""),
        ("/a/../b", ""),
        ("/a/./b", ""),
        ('/a"onload=x', ""),
        ("/a?b", ""),
        ("/a#b", ""),
        ("/a%2fb", ""),
        ("/a\\b", ""),
        ("/" + "x" * 65, ""),
        ("/a/b/c/d/e/f", ""),
        ("https://evil.example/", ""),
    ],
)
def test_only_a_plain_path_is_a_prefix(said: str, path: str) -> None:
    assert told(PROXY, {"X-Forwarded-Prefix": said})[3] == path


def test_the_header_of_rfc_7239_and_real_ip_are_not_read() -> None:
    said = {"Forwarded": "for=203.0.113.9;proto=https;host=evil.example", "X-Real-IP": "203.0.113.9"}
    assert told(PROXY, said) == (PROXY, "http", "gateway.lan:8765", "")


JUNK = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=60)
NAMES = [
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "Forwarded",
    "X-Real-IP",
    "Via",
]


@settings(max_examples=30, deadline=None)
@given(peer=st.ip_addresses().map(str), lines=st.lists(st.tuples(st.sampled_from(NAMES), JUNK), max_size=12))
def test_from_strangers_no_header_changes_anything(peer: str, lines: Lines) -> None:
    only = TrustedProxies("192.0.2.10")
    if peer != "192.0.2.10":
        request = asked(peer, lines)
        assert only.heard(request) is request


@settings(max_examples=30, deadline=None)
@given(lines=st.lists(st.tuples(st.sampled_from(NAMES), JUNK), max_size=12))
def test_no_words_of_a_trusted_proxy_break_anything(lines: Lines) -> None:
    address, scheme, host, path = told(PROXY, lines)
    assert scheme in ("http", "https")
    assert address.replace(".", "").replace(":", "").isalnum()
    assert not set(host + path) & set("\"'<>\\ ,;?#")
    visit_of(TRUSTED.heard(asked(PROXY, lines)))


def test_the_list_changes_from_the_next_request_on() -> None:
    proxies = TrustedProxies()
    for text, address in (("", PROXY), (PROXY, "203.0.113.9"), ("10.1.0.0/16", PROXY), ("", PROXY)):
        proxies.use(text)
        assert told(PROXY, ALL, proxies)[0] == address


def test_how_somebody_came_is_told() -> None:
    visit = visit_of(TRUSTED.heard(asked(PROXY, ALL)))
    assert (visit.address, visit.peer, visit.claimed, visit.believed) == ("203.0.113.9", PROXY, "203.0.113.9", True)
    visit = visit_of(TrustedProxies().heard(asked(PROXY, ALL)))
    assert (visit.address, visit.peer, visit.claimed, visit.believed) == (PROXY, PROXY, "203.0.113.9", False)
    visit = visit_of(asked(PROXY, {"X-Forwarded-For": "<script>"}))
    assert visit.claimed == ""


def test_what_shows_that_a_program_asks_for_others() -> None:
    assert not is_for_others(asked("127.0.0.1", {}))
    for name in NAMES:
        assert is_for_others(asked("127.0.0.1", {name: ""})), name
    assert is_for_others(make_mocked_request("GET", "/", version=HttpVersion10))
    assert says_plain_http(asked("127.0.0.1", {"X-Forwarded-Proto": "http"}))
    assert not says_plain_http(asked("127.0.0.1", {}))
