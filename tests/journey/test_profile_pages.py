"""The pages of the profiles: looked at, tried with calls, copied, edited while devices use them, drafted, bundled."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.journey.call_office import KEYS, PIN, CallOffice, meeting, opened_calls, ucm_meeting
from tests.journey.plain_browser import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")

UCM = "/profiles/grandstream/ucm6300"
ACME = {
    "event": "meeting.booked",
    "meetingId": "B-1041",
    "title": "Weekly review",
    "startsAt": "2027-03-08 10:00",
    "lengthMinutes": 45,
    "pin": PIN,
    "organizer": {"number": "1000", "email": "anna.berg@acme.test", "fullName": "Anna Berg"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CallOffice]:
    async with opened_calls(tmp_path_factory.mktemp("profiles"), {"ucm-1": "    model: UCM6304\n"}) as opened:
        yield opened


def own_text(office: CallOffice, profile_id: str) -> str:
    return (office.folder / f"profiles/{profile_id}.yaml").read_text("utf-8")


async def copied(office: CallOffice, profile: str, profile_id: str) -> Page:
    await office.browser.open(f"/profiles/{profile}/copy")
    return await office.browser.press("Duplicate", id=profile_id)


async def test_the_list_says_who_makes_it_how_sure_it_is_and_who_uses_it(office: CallOffice):
    page = await office.browser.open("/profiles")
    for words in ("Grandstream UCM6300 series", ">=1.0.25.7", "From the maker's documents", "Only simulated"):
        assert words in page.text
    page = await office.browser.open("/profiles?text=yeastar")
    assert "Yeastar" in page.text
    assert "UCM6300" not in page.text
    assert "No profile fits." in (await office.browser.open("/profiles?text=no-such-maker")).text


async def test_a_profile_shows_all_there_is_to_know(office: CallOffice):
    page = await office.browser.open(UCM)
    for words in ("ucm-1", "Series", "Etc/GMT-1 means UTC+01:00", "Permitted IP(s)", "confname", "Run 4 examples"):
        assert words in page.text
    page = await office.browser.open(f"{UCM}?examples")
    assert page.text.count("as expected") == 4
    assert "not as expected" not in page.text
    assert (await office.browser.open("/profiles/no/such")).status == 404


async def test_a_pasted_call_is_understood_without_being_kept(office: CallOffice):
    await office.browser.open(UCM)
    body = json.dumps(ucm_meeting(bookid="only-tried", timezone="+0800"))
    page = await office.browser.press("Test", body=body, zone="Europe/Berlin", call="")
    assert re.search(r"Time Zone Europe/Berlin \(UTC\+0[12]:00\)", page.text), "in winter as in summer"
    assert "Invitees 1001 Ben Cole (no e-mail address)" in page.text
    page = await office.browser.press("Test", body='{"confname": ', zone="", call="")
    assert page.status == 422
    assert "is not JSON" in page.text
    page = await office.browser.press("Test", body=body, zone="Mars/Base", call="")
    assert "The time zone Mars/Base is not known." in page.text
    page = await office.browser.press(
        "Test", body="confname=x&starttime=never", kind="application/x-www-form-urlencoded", zone="", call=""
    )
    assert "bookid : is required" in page.text
    assert not office.log.recent("ucm-1"), "nothing was called"
    assert page.by_id("body").text == "confname=x&starttime=never", "what was typed is still there"


async def test_a_captured_call_is_tried_with_another_profile(office: CallOffice):
    await office.call("ucm-1", json=ucm_meeting(bookid="captured"))
    number = office.newest("ucm-1").number
    await office.browser.open(f"{UCM}?call={number}")
    page = await office.browser.press("Test")
    assert "Meeting ID captured" in page.text
    assert PIN not in page.source


async def test_a_device_with_older_firmware_is_pointed_out(office: CallOffice):
    await office.call("ucm-1", json=ucm_meeting(bookid="old"), headers={"User-Agent": "Grandstream UCM6304 1.0.19.8"})
    page = await office.browser.open(UCM)
    assert "Code D-05" in page.text
    assert "has firmware 1.0.19.8; the profile was made for >=1.0.25.7" in page.text
    await office.call("ucm-1", json=ucm_meeting(bookid="old"), headers={"User-Agent": "Grandstream UCM6304 1.0.27.3"})
    assert "Code D-05" not in (await office.browser.open(UCM)).text


async def test_a_copy_is_edited_and_devices_use_it_at_once(office: CallOffice):
    page = await copied(office, "generic/json", "generic/json")
    assert page.url.endswith("/profiles/generic/json/edit")
    said = {**meeting(external_id="own-1"), "betreff": "In its own words"}
    del said["subject"]
    assert (await office.call("script", json=said))[0] == 422
    text = own_text(office, "generic/json").replace("{name: subject,", "{name: betreff,")
    text = text.replace("recognise: [subject,", "recognise: [betreff,")
    page = await office.browser.press("Save", text=text)
    assert "Saved. 1 device uses it from now on." in page.text
    assert (await office.call("script", json=said))[0] == 202
    page = await office.browser.open("/profiles/generic/json")
    assert "Your own" in page.text
    assert (await office.browser.open("/profiles/generic/json/file")).source.replace("\r\n", "\n") == text


async def test_mistakes_have_lines_and_are_not_saved(office: CallOffice):
    await copied(office, "grandstream/ucm6300", "own/ucm")
    before = own_text(office, "own/ucm")
    page = await office.browser.press(
        "Save", text=before.replace("trust: documented\nproducts", "trust: perhaps\nproducts")
    )
    assert page.status == 422
    line = before[: before.index("trust: documented\nproducts")].count("\n") + 1
    assert f"line {line}: trust" in page.text
    assert "trust: perhaps" in page.by_id("text").text, "what was typed is still there"
    page = await office.browser.press("Save", text="title: [")
    assert page.status == 422
    assert "line 2: this is not readable as YAML" in page.text
    assert own_text(office, "own/ucm") == before
    fields = [("csrf", page.source.partition('name="csrf" value="')[2].partition('"')[0]), ("text", "title: [\n")]
    part = await office.browser.post("/profiles/own/ucm/check", fields)
    assert "line 2: this is not readable as YAML" in part.text
    assert "<html" not in part.source


async def test_a_profile_that_its_devices_cannot_be_served_with_is_taken_back(office: CallOffice):
    await copied(office, "grandstream/ucm6300", "grandstream/ucm6300")
    before = own_text(office, "grandstream/ucm6300")
    page = await office.browser.press("Save", text=before.replace("{model: UCM6304,", "{model: UCM9999,"))
    assert page.status == 422
    assert "has no model 'UCM6304'" in page.text
    assert own_text(office, "grandstream/ucm6300") == before
    assert (await office.call("ucm-1", json=ucm_meeting(bookid="still-served")))[0] == 202
    (office.folder / "profiles/grandstream/ucm6300.yaml").unlink()


async def test_two_people_do_not_overwrite_one_another(office: CallOffice):
    await copied(office, "generic/itip", "own/itip")
    before = own_text(office, "own/itip")
    (office.folder / "profiles/own/itip.yaml").write_text(before + "# somebody else\n")
    page = await office.browser.press("Save", text=before + "# me\n")
    assert page.status == 409
    assert "A-06" in page.codes()
    assert "Somebody changed these settings" in page.text, "nobody knows who wrote into the file"
    assert f"Line {before.count(chr(10)) + 1} # somebody else # me" in " ".join(page.text.split())
    assert own_text(office, "own/itip").endswith("# somebody else\n")
    page = await office.browser.press("Overwrite")
    assert "Saved." in page.text
    assert own_text(office, "own/itip") == before + "# me\n"
    # The same by somebody at another computer, who is named.
    old = await office.browser.open("/profiles/own/itip/edit")
    await office.browser.press("Save", text=before + "# me again\n")
    office.browser.page = old
    page = await office.browser.press("Save", text=before + "# at another computer\n")
    assert page.status == 409
    assert "anna changed these settings" in page.text
    page = await office.browser.follow("Show changes")
    assert page.by_id("text").text.strip().endswith("# me again")
    assert "anna changed the profile own/itip" in (await office.browser.open("/logs/audit")).text


@pytest.mark.parametrize("profile_id", ["", "UPPER/case", "../../etc", "own/../x", "no-model", "own/a b"])
async def test_an_id_that_is_none_is_refused(office: CallOffice, profile_id: str):
    page = await copied(office, "generic/form", profile_id)
    assert page.status == 422
    assert "VENDOR/MODEL" in page.text
    page = await office.browser.open("/profiles/new")
    page = await office.browser.press("Draft the profile", id=profile_id, lines=json.dumps(ACME))
    assert page.status == 422


async def test_what_is_there_is_not_replaced_by_a_copy(office: CallOffice):
    await copied(office, "generic/form", "own/form")
    page = await copied(office, "generic/json", "own/form")
    assert page.status == 422
    assert "You have a profile own/form already." in page.text
    page = await office.browser.open("/profiles/grandstream/ucm6510/edit")
    assert page.url.endswith("/copy"), "what is built in is copied first"


async def test_a_new_profile_is_drafted_from_calls_of_a_stranger(office: CallOffice):
    await office.call("acme", json=ACME, key="the-key-of-nobody-at-all")
    number = office.newest("acme").number
    await office.browser.open("/profiles/new")
    second = {**ACME, "meetingId": "B-1042", "title": "Budget", "startsAt": "2027-03-09 14:30", "lengthMinutes": 90}
    page = await office.browser.press_with(
        "Draft the profile",
        {f"call-{number}": "yes", "id": "acme/bridge-9", "zone": "Europe/Berlin", "lines": json.dumps(second)},
        {},
    )
    assert page.url.endswith("/profiles/acme/bridge-9/edit"), page.text
    assert "captured call 2" in page.by_id("text").text
    text = own_text(office, "acme/bridge-9")
    assert PIN not in text
    assert "anna.berg" not in text
    await office.browser.open("/profiles/acme/bridge-9?examples")
    assert office.browser.page.text.count("as expected") == 2
    page = await office.browser.open("/profiles/new")
    page = await office.browser.press("Draft the profile", id="acme/other", lines="")
    assert "Choose at least one call" in page.text
    page = await office.browser.press("Draft the profile", id="acme/other", lines='{"hello": 1}')
    assert "no profile can be guessed" in page.text
    page = await office.browser.press("Draft the profile", id="acme/other", lines="{oops")
    assert "line 1 is no captured call" in page.text
    assert not (office.folder / "profiles/acme/other.yaml").exists()


async def test_a_bundle_has_the_file_and_what_the_checks_say(office: CallOffice):
    url = f"{office.gateway.listener.url}{UCM}/bundle"
    async with office.browser._session.get(url) as answer:
        packed = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert packed.namelist() == ["grandstream/ucm6300.yaml", "checks.txt", "examples.txt", "about.txt"]
    assert packed.read("examples.txt").decode().count("as expected") == 4
    assert all(key not in packed.read(name).decode() for key in KEYS.values() for name in packed.namelist())


async def test_an_own_file_with_mistakes_is_listed_and_can_be_mended(office: CallOffice):
    path = office.folder / "profiles/own/broken.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("title: x\nnonsense: 1\n")
    catalog = office.gateway.mirroring.neighbourhood.catalog
    catalog.become(catalog.anew())
    page = await office.browser.open("/profiles?text=broken")
    assert "Has mistakes" in page.text
    page = await office.browser.open("/profiles/own/broken/edit")
    assert "line 2: nonsense" in page.text
    path.unlink()
