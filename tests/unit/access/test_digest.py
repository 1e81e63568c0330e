"""HTTP Digest: the example of RFC 7616, every way to be wrong, replays, old nonces, bounded memory."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.access.digest import MOST_NONCES, NONCE_LIVES_S, REALM, Digests, Verdict, parameters
from gateway.domain.secret import Secret

KEY = Secret("correct-horse-battery-staple")
BOTH = ("SHA-256", "MD5")
TARGET = "/api/v1/devices/phone-1/meetings?x=1"


@dataclass
class MovedClock:
    ms: int = 1_795_168_800_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def digests(clock: MovedClock) -> Digests:
    return Digests(clock)


def nonce_of(challenge: str) -> str:
    found = re.search(r'nonce="([^"]+)"', challenge)
    assert found is not None
    return found[1]


def answered(nonce: str, *, algorithm: str = "SHA-256", key: str = KEY.reveal(), nc: int = 1, **changed: str) -> dict:
    """What a device answers, computed as RFC 7616, section 3.4 says."""
    make = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}[algorithm]

    def hashed(text: str) -> str:
        return make(text.encode()).hexdigest()

    said = {
        "username": "phone-1",
        "realm": REALM,
        "nonce": nonce,
        "uri": TARGET,
        "algorithm": algorithm,
        "qop": "auth",
        "nc": f"{nc:08x}",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        **changed,
    }
    who, what = hashed(f"{said['username']}:{said['realm']}:{key}"), hashed(f"POST:{said['uri']}")
    proof = hashed(f"{who}:{said['nonce']}:{said['nc']}:{said['cnonce']}:{said['qop']}:{what}")
    return {"response": proof, **said}


def judged(digests: Digests, said: dict, algorithms: tuple[str, ...] = BOTH, method: str = "POST") -> Verdict:
    return digests.judge(said, KEY, algorithms, method=method, target=TARGET)


def fresh(digests: Digests) -> str:
    return nonce_of(digests.challenges(("SHA-256",))[0])


def test_the_preferred_hash_is_offered_first(digests: Digests) -> None:
    first, second = digests.challenges(BOTH)
    assert "algorithm=SHA-256" in first
    assert "algorithm=MD5" in second
    assert nonce_of(first) == nonce_of(second)
    assert "stale" not in first
    assert "stale=true" in digests.challenges(BOTH, stale=True)[0]


@pytest.mark.parametrize("algorithm", BOTH)
def test_the_right_answer(digests: Digests, algorithm: str) -> None:
    assert judged(digests, answered(fresh(digests), algorithm=algorithm)) is Verdict.RIGHT


@pytest.mark.parametrize(
    "changed",
    [
        {"key": "another-key-of-some-length"},
        {"realm": "elsewhere"},
        {"uri": "/api/v1/devices/phone-1/meetings"},
        {"uri": TARGET + "2"},
        {"qop": "auth-int"},
        {"qop": ""},
        {"nc": 0xFFFFFFFFF},
        {"cnonce": ""},
        {"algorithm_said": "SHA-512"},
        {"response": ""},
        {"response": "0" * 64},
    ],
)
def test_a_wrong_answer(digests: Digests, changed: dict) -> None:
    algorithm = changed.pop("algorithm_said", None)
    said = answered(fresh(digests), **changed)
    if algorithm:
        said["algorithm"] = algorithm
    assert judged(digests, said) is Verdict.WRONG


def test_another_method_or_a_hash_that_is_not_offered_is_wrong(digests: Digests) -> None:
    assert judged(digests, answered(fresh(digests)), method="DELETE") is Verdict.WRONG
    assert judged(digests, answered(fresh(digests), algorithm="MD5"), ("SHA-256",)) is Verdict.WRONG


def test_each_count_of_a_nonce_is_good_once(digests: Digests) -> None:
    nonce = fresh(digests)
    assert judged(digests, answered(nonce, nc=1)) is Verdict.RIGHT
    assert judged(digests, answered(nonce, nc=1)) is Verdict.STALE
    assert judged(digests, answered(nonce, nc=5)) is Verdict.RIGHT
    assert judged(digests, answered(nonce, nc=4)) is Verdict.STALE
    assert judged(digests, answered(nonce, nc=0)) is Verdict.STALE


def test_a_nonce_is_over_after_a_while_and_never_of_tomorrow(digests: Digests, clock: MovedClock) -> None:
    nonce = fresh(digests)
    clock.ms += NONCE_LIVES_S * 1000
    assert judged(digests, answered(nonce, nc=1)) is Verdict.RIGHT
    clock.ms += 1
    assert judged(digests, answered(nonce, nc=2)) is Verdict.STALE
    tomorrow = fresh(digests)
    clock.ms -= 86_400_000
    assert judged(digests, answered(tomorrow)) is Verdict.STALE


@pytest.mark.parametrize("nonce", ["", "x", "x" * 40, "é" * 40, "=" * 40])
def test_a_nonce_of_nobody_is_stale_however_it_looks(digests: Digests, nonce: str) -> None:
    assert judged(digests, answered(nonce)) is Verdict.STALE
    assert judged(digests, answered(fresh(Digests(MovedClock())))) is Verdict.STALE


def test_memory_is_bounded_and_what_is_forgotten_is_not_good_again(digests: Digests) -> None:
    first = fresh(digests)
    assert judged(digests, answered(first)) is Verdict.RIGHT
    for _ in range(MOST_NONCES):
        assert judged(digests, answered(fresh(digests))) is Verdict.RIGHT
    assert len(digests) <= MOST_NONCES
    assert judged(digests, answered(first)) is Verdict.STALE, "a replay of a forgotten nonce"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_is_right_but_for_its_nonce(algorithm: str, response: str) -> None:
    """Section 3.9.1."""
    said = {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
    }
    digests = Digests(MovedClock(), realm="http-auth@example.org")
    for key, verdict in (("Circle of Life", Verdict.STALE), ("Circle of Death", Verdict.WRONG)):
        assert digests.judge(said, Secret(key), BOTH, method="GET", target="/dir/index.html") is verdict


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ('username="a", nc=00000001,qop=auth', {"username": "a", "nc": "00000001", "qop": "auth"}),
        ('username="say \\"hi\\"", URI="/x,y"', {"username": 'say "hi"', "uri": "/x,y"}),
        ("", None),
        ("username", None),
        ('username="a', None),
        ('username="a", username="b"', None),
        ('username="a" nc=1', None),
        ("=x", None),
    ],
)
def test_parameters(value: str, read: dict | None) -> None:
    assert parameters(value) == read


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(value: str) -> None:
    said = parameters(value)
    if said is not None:
        assert judged(Digests(MovedClock()), said) is not Verdict.RIGHT


@pytest.mark.parametrize("response", ["é", "\udcff", "x" * 64])
def test_an_answer_of_odd_characters_is_wrong_and_nothing_worse(digests: Digests, response: str) -> None:
    assert judged(digests, answered(fresh(digests)) | {"response": response}) is Verdict.WRONG


def test_a_nonce_that_nobody_made_is_no_error(digests: Digests) -> None:
    for nonce in ("***" + "a" * 37, "é" * 40, "=" * 40):
        assert judged(digests, answered(nonce)) is not Verdict.RIGHT
