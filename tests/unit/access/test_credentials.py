"""Only the right key opens the door, and a wrong one tells nothing."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.credentials import identify, shown_key
from gateway.devices.register import Device, Register
from gateway.domain.device import DevicePolicy
from gateway.domain.meeting import Invitations
from gateway.errors import NotAuthorized
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store.devices import DeviceRow

KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def register() -> Register:
    row = DeviceRow(
        id=1, name="ucm-1", profile="generic/json", key_hash=hashlib.sha256(KEY.encode()).digest(), active=True
    )
    policy = DevicePolicy(name="UCM", calendar_id="primary", invitations=Invitations.DEVICE)
    profile = Catalog.load([builtin_folder()]).get("generic/json")
    return Register([Device(row=row, profile=profile, time_zone=None, policy=policy)], {1: policy})


def basic(user: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()


@pytest.mark.parametrize("value", [f"Bearer {KEY}", f"bearer  {KEY} ", basic("ucm-1", KEY)])
def test_the_right_key(register: Register, value: str):
    assert identify(register, "ucm-1", value).row.name == "ucm-1"


@dataclass(frozen=True)
class Wrong:
    device: str
    value: str | None


WRONG = [
    Wrong("ucm-1", None),
    Wrong("ucm-1", ""),
    Wrong("ucm-1", KEY),
    Wrong("ucm-1", "Bearer"),
    Wrong("ucm-1", "Bearer wrong"),
    Wrong("ucm-1", f"Digest {KEY}"),
    Wrong("ucm-1", basic("other", KEY)),
    Wrong("ucm-1", basic("ucm-1", "wrong")),
    Wrong("ucm-1", "Basic %%%"),
    Wrong("ucm-1", "Basic é"),
    Wrong("nobody", f"Bearer {KEY}"),
    Wrong("nobody", "Bearer wrong"),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key(register: Register, wrong: Wrong):
    with pytest.raises(NotAuthorized):
        identify(register, wrong.device, wrong.value)


def test_an_unknown_device_and_a_wrong_key_look_the_same(register: Register):
    texts = set()
    for device in ("ucm-1", "nobody"):
        with pytest.raises(NotAuthorized) as caught:
            identify(register, device, "Bearer wrong")
        texts.add(str(caught.value))
    assert len(texts) == 1


@given(st.text(), st.text())
def test_any_text_is_answered(device: str, value: str):
    empty = Register([], {})
    with pytest.raises(NotAuthorized):
        identify(empty, device, value)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("Bearer the-key", "the-key"),
        ("Basic " + base64.b64encode(b"hq:the-key").decode(), "the-key"),
        ("Basic " + base64.b64encode(b"other:the-key").decode(), None),
        ("Basic !", None),
        ('Digest username="hq"', None),
        ("Bearer \udcff", None),
        ("Bearer", None),
        ("", None),
        (None, None),
    ],
)
def test_the_key_that_a_stranger_shows(said: str | None, key: str | None):
    shown = shown_key(said, "hq")
    assert (shown.reveal() if shown is not None else None) == key
