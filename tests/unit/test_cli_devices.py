"""How devices look in a terminal and as JSON, and how mistakes in what was typed are named."""

from __future__ import annotations

import argparse
import json

import pytest

from gateway import cli
from gateway.cli import device_words
from gateway.cli.device_shown import caller_json, found_json, line
from gateway.config import DeviceSection, PollSection, Secret
from gateway.devices.roster import Known
from gateway.errors import ConfigError
from gateway.mirror.poll.state import PollStatus
from gateway.operations.for_programs import device_json
from gateway.operations.profiles.pages import for_reading, pages
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.store.device_calls import CallRow
from gateway.store.devices import DeviceRow
from gateway.store.pending import FoundRow, PendingRow
from gateway.store.polling import PollState

AT_MS = 1_700_000_000_000
AT = "2023-11-14T22:13:20Z"
POLL = PollSection(address="192.0.2.21", user="cdrapi", password=Secret("canary"))


def known(**own: object) -> Known:
    section = DeviceSection(id="hq", profile="grandstream/ucm6300", **own)  # type: ignore[arg-type]
    row = DeviceRow(id=1, name="hq", profile=section.profile, key_hash=b"", active=True, old_key_until=AT_MS)
    calls = CallRow(1, AT_MS, AT_MS, "D-02", "wrong key")
    return Known(row=row, section=section, locked_by="", calls=calls, directory=0, meetings=2)


def test_a_list_shows_why_a_device_that_is_asked_does_not_work():
    asked = known(poll=POLL)
    working = PollStatus(device="hq", state=PollState.OK, last_poll_ms=AT_MS)
    failing = PollStatus(device="hq", state=PollState.FAILING, code="D-16", text="hq does not answer.")
    doubting = PollStatus(device="hq", state=PollState.ASKS, asked=5, text="5 meetings are gone.")
    assert line(asked, working) == 'hq  grandstream/ucm6300  "hq"  served  asked at 192.0.2.21  2 meetings'
    assert "does not work: D-16 hq does not answer." in line(asked, failing)
    assert "5 meetings are gone." in line(asked, doubting)
    assert device_json(asked, failing)["asking"]["problem"] == "D-16 hq does not answer."  # type: ignore[index]
    assert "canary" not in line(asked, failing) + json.dumps(device_json(asked, failing))


def test_times_for_programs_are_rfc_3339():
    said = device_json(known(), None)
    assert (said["last_call"], said["last_refused"], said["old_key_until"]) == (AT, AT, AT)
    caller = PendingRow("ucm-9", "192.0.2.9", AT_MS, AT_MS + 1000, 3, "", "")
    assert (caller_json(caller)["first_at"], caller_json(caller)["last_at"]) == (AT, "2023-11-14T22:13:21Z")
    assert found_json(FoundRow("x", "192.0.2.9", 80, "", "", "", AT_MS))["last_at"] == AT


def test_a_profile_is_shown_without_a_note_on_who_made_the_page():
    profiles = [Catalog.load([builtin_folder()]).get("generic/json")]
    page = pages(profiles)["generic/json.md"]
    assert page.startswith("<!--")
    assert for_reading(page).startswith("# ")
    assert "<!--" not in for_reading(page)


def typed(*words: str) -> argparse.Namespace:
    return cli._parser().parse_args(["device", *words])


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--zone", "Berlin"), ["--zone"]),
        (("--sip", "x", "--web-link", "x"), ["--sip", "--web-link"]),
        (("--account", "nobody", "--room-address", "nowhere"), ["--account", "--room-address"]),
    ],
)
def test_mistakes_are_named_as_they_were_typed(words: tuple[str, ...], names: list[str]):
    with pytest.raises(ConfigError) as refused:
        device_words.section_of(typed("add", "hq", "--profile", "generic/json", *words), "generic/json")
    assert sorted(line.split()[0] for line in device_words.named(refused.value)) == names


def test_every_setting_of_a_device_has_its_option_and_what_is_typed_is_what_is_meant():
    options = {option for action in typed_actions("set") for option in action.option_strings if option.startswith("--")}
    named = {option for option in device_words.OPTIONS.values() if option.startswith("--")}
    assert named - options == {"--trust-certificate"}, "the one of approve"
    args = typed(
        *("set", "hq", "--meet", "--no-show-pins", "--wins", "google", "--visibility", "private", "--sip", "sip:a@b.c"),
        *("--every", "60", "--unset", "calendar", "--unset", "zone"),
    )
    assert device_words.words_of(args) == {
        "meet": True,
        "show_pins": False,
        "wins": "google",
        "visibility": "private",
        "join": {"sip_uri": "sip:a@b.c"},
        "poll": {"every_s": 60},
    }
    assert [device_words.UNSET[name] for name in args.unset] == ["calendar", "time_zone"]


def typed_actions(word: str) -> list[argparse.Action]:
    """The options of `device WORD`."""
    found: argparse.ArgumentParser = cli._parser()
    for step in ("device", word):
        (below,) = [each for each in found._actions if isinstance(each, argparse._SubParsersAction)]
        found = below.choices[step]
    return found._actions
