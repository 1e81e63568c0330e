"""Passwords: argon2id with our parameters, two at once, unknown users cost the same, nothing but length counts."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time

import pytest

from gateway.access import passwords
from gateway.access.passwords import Passwords, check_new
from gateway.errors import AccessError

PASSWORD = "correct horse battery"


async def test_a_password_fits_its_hash_and_no_other() -> None:
    hashing = Passwords()
    made = await hashing.hash(PASSWORD)
    assert made.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in made
    assert await hashing.fits(PASSWORD, made)
    assert not await hashing.fits(f"{PASSWORD} ", made)
    assert not await hashing.fits("", made)
    assert await hashing.hash(PASSWORD) != made


async def test_the_same_letters_composed_in_another_way_fit() -> None:
    hashing = Passwords()
    assert await hashing.fits("pa\u0308sswort1", await hashing.hash("p\u00e4sswort1"))


@pytest.mark.parametrize("broken", ["", "nonsense", "$argon2id$v=19$m=1,t=1,p=1$x$y"])
async def test_a_damaged_hash_fits_nothing(broken: str) -> None:
    assert not await Passwords().fits(PASSWORD, broken)


async def test_nobody_has_the_password_of_the_user_who_does_not_exist() -> None:
    hashing = Passwords()
    for guess in ("", PASSWORD, "admin", passwords._NOBODY):
        assert not await hashing.fits(guess, None)
    assert passwords._NOBODY.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_an_unknown_user_costs_what_a_known_one_costs() -> None:
    """Measured in processor time, which others on this machine do not change as much; the bar is 10 %."""
    hashing = Passwords()
    known = await hashing.hash(PASSWORD)
    spent: dict[str | None, list[float]] = {known: [], None: []}
    for _ in range(15):
        for password_hash in spent:
            start = time.process_time()
            await hashing.fits("wrong password", password_hash)
            spent[password_hash].append(time.process_time() - start)
    least = {each: statistics.median(sorted(times)[:7]) for each, times in spent.items()}
    assert 0.8 < least[None] / least[known] < 1.25


async def test_two_at_once_and_none_in_the_event_loop() -> None:
    hashing = Passwords()
    most, here = 0, threading.get_ident()
    trying = [asyncio.create_task(hashing.hash(PASSWORD)) for _ in range(8)]
    while not all(task.done() for task in trying):
        busy = sum(1 for frame in __import__("sys")._current_frames().items() if _hashes(frame[1]))
        most = max(most, busy)
        assert not _hashes(__import__("sys")._current_frames()[here])
        await asyncio.sleep(0)
    assert 1 <= most <= 2


def _hashes(frame: object) -> bool:
    while frame is not None:
        if frame.f_code.co_name == "_hash" and frame.f_code.co_filename == passwords.__file__:  # type: ignore[attr-defined]
            return True
        frame = frame.f_back  # type: ignore[attr-defined]
    return False


@pytest.mark.parametrize("good", ["1234567890", "          ", "aaaaaaaaaa", "пароль из слов", "🔑" * 10, "x" * 1000])
def test_only_the_length_counts(good: str) -> None:
    check_new(good)


@pytest.mark.parametrize("short", ["", "123456789", "🔑" * 9, "e\u0301" * 9])
def test_nine_characters_are_too_few(short: str) -> None:
    with pytest.raises(AccessError) as refused:
        check_new(short, field="new")
    assert (refused.value.code, refused.value.field, refused.value.values) == ("A-07", "new", {"least": "10"})
