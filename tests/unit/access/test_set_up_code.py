"""The set-up code by itself: it is right once, dies of wrong tries and of age, and is read however it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.access.set_up import ALPHABET, SetUpCode
from tests.unit.google.moved_clock import MovedClock


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def code(tmp_path: Path, lines: list[str]) -> SetUpCode:
    made = SetUpCode(tmp_path, MovedClock(), lines.append)
    made.begin()
    return made


def shown(lines: list[str]) -> str:
    return lines[-1].removeprefix("Set-up code: ")


def test_a_code_is_right_once(code: SetUpCode, lines: list[str]) -> None:
    assert code.take(shown(lines))
    assert not code.take(shown(lines))
    assert not code.take("")


def test_a_code_that_could_not_be_used_is_given_back(code: SetUpCode, lines: list[str]) -> None:
    code.give_back(code.take(shown(lines)))
    assert code.take(shown(lines))


def test_nothing_is_right_before_there_is_a_code_and_after_its_end(tmp_path: Path) -> None:
    code = SetUpCode(tmp_path, MovedClock(), lambda line: None)
    assert not code.take("")
    code.begin()
    code.end()
    assert not code.take("")
    assert not code.file.exists()


def test_the_alphabet_has_no_two_signs_that_look_alike() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("01OI") & set(ALPHABET)


def test_ten_thousand_codes_are_all_different(tmp_path: Path, lines: list[str]) -> None:
    code = SetUpCode(tmp_path / "nowhere", MovedClock(), lines.append)  # a folder that cannot be written stops nothing
    for _ in range(10_000):
        code.begin()
    assert len(set(lines)) == 10_000
    assert {sign for line in lines for sign in line.removeprefix("Set-up code: ")} == {*ALPHABET, "-"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(max_size=200))
def test_anything_may_be_typed(code: SetUpCode, lines: list[str], typed: str) -> None:
    assert not code.take(typed)
    assert shown(lines) != typed


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(data=st.data())
def test_it_is_right_with_and_without_dashes_in_any_case(
    code: SetUpCode, lines: list[str], data: st.DataObject
) -> None:
    code.begin()
    typed = ""
    for sign in shown(lines).replace("-", ""):
        typed += data.draw(st.sampled_from([sign, sign.lower()])) + data.draw(st.sampled_from(["", "-", " "]))
    assert code.take(typed)
