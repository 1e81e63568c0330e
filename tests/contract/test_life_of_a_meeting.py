"""The page about the life of a meeting: its eleven steps are there, and every file it names exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/life-of-a-meeting.md").read_text("utf-8")
STEPS = [[cell.strip() for cell in line.split("|")[1:-1]] for line in re.findall(r"^\| \d+ .*", PAGE, re.M)]
PATHS = sorted(set(re.findall(r"`((?:gateway|simulator|tests|device_profiles|docs)/[\w./-]*)`", PAGE)))


def test_the_eleven_steps_are_there_in_order():
    assert [row[0] for row in STEPS] == [str(number) for number in range(1, 12)]


@pytest.mark.parametrize("row", STEPS, ids=[row[0] for row in STEPS])
def test_a_step_names_its_files_and_what_a_power_cut_does(row: list[str]):
    number, what, where, power = row
    assert what
    if "comes later" in where and number in ("9", "10"):
        assert re.findall(r"`[^`]+`", where) == []
        return
    assert re.findall(r"`[^`]+`", where)
    assert power


@pytest.mark.parametrize("path", PATHS)
def test_every_file_on_the_page_exists(path: str):
    assert (ROOT / path).exists()
    assert (ROOT / path).is_dir() == path.endswith("/")


def test_every_room_of_the_gateway_is_on_the_page():
    rooms = {path.parent.relative_to(ROOT).as_posix() for path in (ROOT / "gateway").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`{room}/`" not in PAGE] == []


def test_the_layers_on_the_page_are_the_ones_that_are_checked():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    checked = [{room.strip().replace(".", "/") for room in layer.split("|")} for layer in layers]
    lines = re.findall(r"^\d\. (.*(?:\n   .*)*)", PAGE, re.M)
    shown = [{path.removesuffix("/").removesuffix(".py") for path in re.findall(r"`([^`]+)`", line)} for line in lines]
    assert [*shown[:-1], {"gateway/domain"}, {"gateway/errors"}] == checked
    assert shown[-1] == {"gateway/domain", "gateway/errors"}
