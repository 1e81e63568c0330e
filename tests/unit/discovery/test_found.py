"""What announced itself is bounded and cleaned; what the gateway says of itself is short and holds no secret."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import __version__
from gateway.devices.neighbours import Neighbours
from gateway.discovery.announcement import OWN, WEB, Announcement, reachable
from gateway.discovery.found import LONGEST_TEXT, MOST_FOUND, Announced, Found

NOW_MS = 1_700_000_000_000
WORDS = st.binary(max_size=120)
MANY = 100_000 if os.environ.get("LONG") else 1_000


@pytest.fixture
def found() -> Found:
    return Found(lambda: NOW_MS)


def test_a_grandstream_device_is_shown_in_its_words(found: Found) -> None:
    text = {
        b"product": b"GDS3710",
        b"mac": b"C0:74:AD:12:34:56,C0:74:AD:12:34:57",
        b"hostname": b"door",
        b"other": b"x",
    }
    found.hear("gds_c074ad123456", "192.0.2.30", 443, text)
    assert found.everything() == [
        Announced(
            "gds_c074ad123456",
            "192.0.2.30",
            443,
            "GDS3710",
            "door",
            "C0:74:AD:12:34:56,C0:74:AD:12:34:57",
            NOW_MS,
        )
    ]
    found.hear("gds_c074ad123456", "192.0.2.31", 443, {**text, b"product_name": b"Door station"})
    assert [(each.address, each.product) for each in found.everything()] == [("192.0.2.31", "Door station")]
    found.forget("gds_c074ad123456")
    assert found.everything() == []


def test_a_thousand_fake_announcements_are_two_hundred(found: Found) -> None:
    for number in range(MANY):
        found.hear(f"fake {number} " + "x" * 5000, "192.0.2.1", 443, {b"product": b"y" * 8000, b"mac": b"\xff" * 500})
    assert len(found.everything()) == MOST_FOUND
    assert found.everything()[0].name.startswith(f"fake {MANY - 1} ")
    assert sum(len(text) for each in found.everything() for text in each if isinstance(text, str)) < MOST_FOUND * 400


@given(st.text(max_size=200), st.text(), st.integers(), st.dictionaries(WORDS, st.none() | WORDS, max_size=3))
def test_whatever_is_announced_may_be_shown(
    name: str, address: str, port: int, text: dict[bytes, bytes | None]
) -> None:
    heard = Found(lambda: NOW_MS)
    heard.hear(name, address, port, {**text, b"product": b"\x1b[31m\xe2\x80\xaered"})
    [each] = heard.everything()
    for said in (each.name, each.address, each.product, each.hostname, each.mac):
        assert len(said) <= LONGEST_TEXT
        assert said.isprintable()
    assert 0 <= each.port < 65_536


def test_the_same_again_is_no_news_for_a_minute() -> None:
    now, news = [NOW_MS], []
    heard = Found(lambda: now[0])
    neighbours = Neighbours(heard)
    neighbours.follow(lambda: news.append(now[0]))
    for _ in range(120):
        heard.hear("a", "192.0.2.1", 443, {})
        now[0] += 1000
    assert news == [NOW_MS], "heard every second, so never a minute late"
    heard.hear("a", "192.0.2.1", 444, {})
    now[0] += 60_000
    heard.hear("a", "192.0.2.1", 444, {})
    assert len(news) == 3
    assert neighbours.take() is not None
    assert neighbours.take() is None
    neighbours.settle(written=False)
    assert neighbours.take() is not None


def test_the_gateway_says_where_it_is_and_nothing_else() -> None:
    web, own = Announcement(name="Head office", http_port=8765, https_port=8766).services(["192.0.2.7"])
    assert (web.type, own.type) == (WEB, OWN)
    assert {web.name, own.name} == {f"Head office.{WEB}", f"Head office.{OWN}"}
    for service in (web, own):
        assert service.properties == {b"path": b"/", b"https": b"8766", b"name": b"Head office"}
        assert (service.port, service.parsed_addresses()) == (8765, ["192.0.2.7"])
        assert __version__ not in f"{service.text!r}{service.name}{service.server}"


@given(st.text(min_size=1, max_size=100).filter(lambda text: text.isprintable() and text == text.strip()))
def test_any_name_of_a_gateway_can_be_announced(name: str) -> None:
    for service in Announcement(name=name, http_port=1, https_port=2).services(["192.0.2.7"]):
        label = service.name.removesuffix(f".{service.type}")
        assert len(label.encode()) <= 59
        assert len(service.text) < 400


@pytest.mark.parametrize(
    ("listening", "reached"),
    [
        ("127.0.0.1", ()),
        ("::1", ()),
        ("192.0.2.9", ("192.0.2.9",)),
        ("0.0.0.0", ("192.0.2.7", "10.0.0.7")),
        ("::", ("192.0.2.7", "10.0.0.7", "2001:db8::7")),
    ],
)
def test_only_addresses_that_others_reach_are_announced(listening: str, reached: tuple[str, ...]) -> None:
    own = ["127.0.0.1", "::1", "192.0.2.7", "10.0.0.7", "2001:db8::7"]
    assert reachable(listening, own) == reached
