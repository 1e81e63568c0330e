"""Challenge, login and cookie: each good once or for ten minutes, guesses counted, memory bounded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import pytest

from gateway.access import envelope_sessions as limits
from gateway.access.envelope_sessions import EnvelopeSessions, LoginRestricted
from gateway.domain.secret import Secret

KEY, OLD_KEY = Secret("envelope-key-0123456789"), Secret("old-envelope-key-0123456789")
HOME = "192.0.2.7"


@dataclass
class MovedClock:
    s: float = 1000.0

    def now_ms(self) -> int:
        return int(self.s * 1000)

    def monotonic_s(self) -> float:
        return self.s


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def sessions(clock: MovedClock) -> EnvelopeSessions:
    return EnvelopeSessions(clock)


def token(challenge: str, key: Secret = KEY) -> str:
    return hashlib.md5((challenge + key.reveal()).encode()).hexdigest()


def log_in(
    sessions: EnvelopeSessions,
    said: str | None = None,
    *,
    source: str = HOME,
    user: str = "ucm-1",
    keys: tuple[Secret, ...] = (KEY,),
) -> str | None:
    said = token(sessions.challenge(source, user)) if said is None else said
    return sessions.login(source, user, said, device=user, keys=keys)


def test_a_device_that_knows_its_key_gets_a_cookie(sessions: EnvelopeSessions) -> None:
    challenge = sessions.challenge(HOME, "ucm-1")
    assert len(challenge) == 16
    assert challenge.isdigit()
    cookie = log_in(sessions, token(challenge).upper())
    assert cookie is not None
    assert sessions.find(cookie) == ("ucm-1", hashlib.sha256(KEY.reveal().encode()).digest())
    assert sessions.find(cookie + "0") is None
    assert sessions.find("") is None
    assert log_in(sessions) != cookie


def test_both_keys_open_while_one_replaces_the_other(sessions: EnvelopeSessions) -> None:
    cookie = log_in(sessions, token(sessions.challenge(HOME, "ucm-1"), OLD_KEY), keys=(KEY, OLD_KEY))
    assert cookie is not None
    assert sessions.find(cookie) == ("ucm-1", hashlib.sha256(OLD_KEY.reveal().encode()).digest())


def test_a_challenge_is_good_for_one_try_of_its_own_user_and_source(sessions: EnvelopeSessions) -> None:
    said = token(sessions.challenge(HOME, "ucm-1"))
    assert log_in(sessions, said, user="ucm-2") is None
    assert log_in(sessions, said, source="192.0.2.8") is None
    assert log_in(sessions, said) is not None
    assert log_in(sessions, said) is None
    burnt = token(sessions.challenge(HOME, "ucm-1"))
    assert log_in(sessions, "0" * 32) is None
    assert log_in(sessions, burnt) is None


def test_a_challenge_and_a_cookie_are_over_after_a_while(sessions: EnvelopeSessions, clock: MovedClock) -> None:
    said = token(sessions.challenge(HOME, "ucm-1"))
    clock.s += limits.CHALLENGE_LIVES_S
    assert log_in(sessions, said) is None
    cookie = log_in(sessions)
    assert cookie is not None
    clock.s += limits.COOKIE_LIVES_S - 1
    assert sessions.find(cookie) is not None
    clock.s += 1
    assert sessions.find(cookie) is None


def test_a_device_that_is_not_there_never_gets_in(sessions: EnvelopeSessions) -> None:
    for said in ("", "0" * 32, "é", token(sessions.challenge(HOME, "ucm-1"), Secret(""))):
        assert log_in(sessions, said, keys=()) is None


def test_who_guesses_is_left_outside_even_with_the_right_key(sessions: EnvelopeSessions, clock: MovedClock) -> None:
    for _ in range(limits.TRIES):
        assert log_in(sessions, "0" * 32) is None
    with pytest.raises(LoginRestricted) as caught:
        log_in(sessions)
    assert "10 minutes" in str(caught.value)
    assert log_in(sessions, user="ucm-2") is not None, "a neighbour behind the same address is not punished"
    clock.s += limits.TRIES_WINDOW_S
    assert log_in(sessions) is not None


def test_a_right_login_forgives(sessions: EnvelopeSessions) -> None:
    for _ in range(3):
        for _ in range(limits.TRIES - 1):
            assert log_in(sessions, "0" * 32) is None
        assert log_in(sessions) is not None


def test_nobody_fills_the_memory(sessions: EnvelopeSessions, clock: MovedClock) -> None:
    kept = sessions.challenge("192.0.2.200", "ucm-1")
    for number in range(limits.MOST_CHALLENGES_OF_SOURCE * 10):
        sessions.challenge(HOME, f"user-{number}")
    assert sessions.held()["challenges"] == limits.MOST_CHALLENGES_OF_SOURCE + 1
    assert log_in(sessions, token(kept), source="192.0.2.200") is not None, "one source pushes nobody else out"
    for number in range(limits.MOST_CHALLENGES * 2):
        sessions.challenge(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", "x")
    first = log_in(sessions)
    for _ in range(limits.MOST_COOKIES_OF_DEVICE):
        newest = log_in(sessions)
    assert first is not None
    assert newest is not None
    assert sessions.find(first) is None
    assert sessions.find(newest) is not None
    for number in range(limits.MOST_COOKIES + 10):
        log_in(sessions, user=f"ucm-{number}")
    for number in range(limits.MOST_GUESSERS + 10):
        log_in(sessions, "0" * 32, user=f"guessed-{number}")
    held = sessions.held()
    assert held["challenges"] <= limits.MOST_CHALLENGES
    assert held["cookies"] <= limits.MOST_COOKIES
    assert held["guessers"] <= limits.MOST_GUESSERS
