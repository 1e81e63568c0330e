"""Every code is reached through the product, and shows its title, its text, its remedy and buttons that work.

`pytest -s -k table` prints which way each one of the Google flow takes, `-k group` on which page each other one is.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from gateway.google.network import has_way_out
from simulator.google import SimulatedGoogle
from tests.contract.every_code import (
    administrators,
    after_the_code,
    client_details,
    configuration,
    devices,
    google_says_no,
    network_and_clock,
    paste_box,
    running,
)
from tests.contract.every_code.met import Met
from tests.contract.every_code.scene import Scene, prepare
from tests.contract.every_code.shown import (
    CATALOGUE,
    FORMS,
    assert_button,
    assert_help,
    assert_no_secret,
    assert_words,
    boxes,
    buttons,
)
from tests.contract.every_code.ways import WAYS, Way
from tests.contract.google_requests import assert_all_valid
from tests.journey.page_office import EMAIL

PARTS = (client_details, paste_box, google_says_no, after_the_code, network_and_clock)
"""Importing them fills the list."""

STARTS = ("G-1", "G-2", "G-3", "G-4", "N-")

EXCEPTIONS: dict[str, str] = {}
"""Codes that no way leads to, each with the reason; at most six."""


GROUPS = (devices, administrators, configuration, running)
"""Each meets its codes one after the other, in few gateways."""

NUMBERS = {"D-{:02}": range(1, 23), "A-{:02}": range(1, 7), "C-{:02}": range(1, 6), "G-{}": range(501, 516)}
"""The codes of devices, the sign-in, the settings and the time after the sign-in at Google; more of them are told
where they arise, and tested there."""

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Prepared:
    """The data folder of a gateway that has an administrator and nothing else, and the cookies of who that is."""

    folder: Path
    cookies: dict[str, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("prepared")
    return Prepared(folder, asyncio.run(prepare(folder)))


@asynccontextmanager
async def a_scene(prepared: Prepared, folder: Path) -> AsyncIterator[Scene]:
    """A Google and a gateway that nothing has happened to yet; at the end nothing secret was shown."""
    shutil.copytree(prepared.folder, folder)
    async with SimulatedGoogle(port=0) as google:
        async with Scene(google, folder, prepared.cookies) as scene:
            yield scene
        assert_no_secret(scene.pages, scene.secrets())
        assert_all_valid(google.state.requests)


@pytest.mark.parametrize("way", [WAYS[code] for code in sorted(WAYS)], ids=sorted(WAYS))
async def test_every_code_is_reached_and_shown(prepared: Prepared, tmp_path: Path, way: Way):
    if way.code == "N-01" and not has_way_out():
        pytest.skip("on a machine without a network a name that is not found is N-06")
    pressed = 0
    async with a_scene(prepared, tmp_path / "0") as scene:
        page = await way.walk(scene)
        assert_words(page, way)
        assert scene.desk is not None
        await assert_help(scene.desk, page, way.code)
        for button in sorted(buttons(way.code), key=lambda each: each.does in FORMS):
            if button.does in FORMS:
                pressed += 1
            if pressed <= 1:
                await assert_button(scene.desk, page, way, button)
    # What a form did cannot be undone: every other one is pressed in a world of its own.
    for number, button in enumerate([each for each in buttons(way.code) if each.does in FORMS][1:], start=1):
        async with a_scene(prepared, tmp_path / str(number)) as scene:
            page = await way.walk(scene)
            assert scene.desk is not None
            await assert_button(scene.desk, page, way, button)


async def test_a_client_that_was_changed_is_told_as_done(prepared: Prepared, tmp_path: Path):
    """The question of G-116 was answered: its message says what is now, with the button for what comes next."""
    async with a_scene(prepared, tmp_path / "0") as scene:
        await WAYS["G-116"].walk(scene)
        assert scene.desk is not None
        page = await scene.desk.browser.press("Change")
        [box] = boxes(page, "G-116")
        assert f"Changing the client ended the authorization of {EMAIL}." in box.text
        assert box.buttons() == ["Authorize again"]


def test_the_table_has_every_code():
    codes = {code for code in CATALOGUE if code.startswith(STARTS)} - running.CODES
    assert WAYS.keys() | EXCEPTIONS.keys() == codes
    assert not WAYS.keys() & EXCEPTIONS.keys()
    assert len(EXCEPTIONS) <= 6
    assert all(EXCEPTIONS.values())
    for code, way in sorted(WAYS.items()):
        pressed = ", ".join(each.does for each in buttons(code)) or "no button"
        print(f"{code}  {way.how}  [{pressed}]")


def test_values_are_expected_word_for_word():
    """A way to a text with a value in it says which value that is."""
    for code, way in WAYS.items():
        template = " ".join(str(CATALOGUE[code][part]) for part in ("title", "text", "remedy"))
        must_be_given = re.findall(r"\{\w+\}", re.sub(r"\[[^\[\]]*\]", "", template))
        assert way.says or not must_be_given, code


@pytest.mark.parametrize("group", GROUPS, ids=[each.__name__.rpartition(".")[2] for each in GROUPS])
async def test_every_code_of_a_group_is_met_on_a_page(tmp_path: Path, group: ModuleType):
    met = Met()
    await group.walk(tmp_path, met)
    for code, where in sorted(met.codes.items()):
        print(f"{code}  {where}")
    assert met.codes.keys() == group.CODES


def test_the_groups_have_every_code():
    codes = {form.format(number) for form, numbers in NUMBERS.items() for number in numbers}
    met = set().union(*(each.CODES for each in GROUPS))
    assert met | devices.EXCEPTIONS.keys() == codes | {"N-07"}
    assert not met & devices.EXCEPTIONS.keys()
    assert codes <= CATALOGUE.keys()
    assert len(devices.EXCEPTIONS) <= 4
    assert all(devices.EXCEPTIONS.values())


def test_catalogue_translations_and_documents_hold_the_same_codes():
    for path in (ROOT / "gateway/messages").glob("??.json"):
        assert json.loads(path.read_text("utf-8")).keys() == CATALOGUE.keys(), path.name
    named = {
        code
        for path in (ROOT / "docs").rglob("*.md")
        for code in re.findall(r"^\| ([A-Z]-\d+) ", path.read_text("utf-8"), re.M)
    }
    assert named == CATALOGUE.keys()
