"""The shipped profiles: clean, as their examples say, under the schema; pages and schema are those they would make."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway import yaml_source
from gateway.dialects.whole_call import readers
from gateway.errors import BadPayload
from gateway.operations.profiles import schema as profile_schema
from gateway.operations.profiles.examples import replay
from gateway.operations.profiles.files import ProfileFile, find
from gateway.operations.profiles.lint import lint
from gateway.operations.profiles.pages import distinct_shapes, for_reading, is_confirmed, pages
from gateway.profiles.catalog import Catalog, builtin_folder
from gateway.profiles.model import Profile
from gateway.profiles.translate import Context, head, to_meeting
from gateway.profiles.vocabulary import TRANSLATED, Transport

ROOT = Path(__file__).parents[2]
FILES = find((), [builtin_folder()])
PROFILES = [file.profile for file in FILES if file.profile is not None]
DEVICES = ROOT / "docs/devices"
MACRO = ROOT / "docs/how-to/cisco-roomos-macro.md"
each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.id)
VALIDATOR = jsonschema.Draft202012Validator(profile_schema.schema())


def profile(profile_id: str) -> Profile:
    return next(profile for profile in PROFILES if profile.id == profile_id)


@each
def test_a_profile_is_clean(file: ProfileFile):
    assert file.problems == ()
    assert file.profile is not None
    assert file.source is not None
    assert lint(file.profile, file.source) == []


@each
def test_every_example_of_a_profile_is_as_it_says(file: ProfileFile):
    assert file.profile is not None
    told = [
        "\n".join([result.example.name, *difference.lines()])
        for result in replay(file.profile, readers(file.profile))
        for difference in result.differences
    ]
    assert told == []


@each
def test_a_profile_fits_the_schema(file: ProfileFile):
    document = yaml_source.read_file(file.path)
    assert [f"{list(error.absolute_path)}: {error.message}" for error in VALIDATOR.iter_errors(document.data)] == []


@each
def test_people_read_the_caveats_of_a_profile_in_every_language(file: ProfileFile):
    assert file.profile is not None
    assert [caveat.text for caveat in file.profile.caveats if set(caveat.others) != set(TRANSLATED)] == []


def test_the_catalog_reads_what_the_tools_read():
    catalog = Catalog.load([builtin_folder()])
    assert catalog.ids() == [profile.id for profile in PROFILES]
    assert [profile.title for profile in catalog] == [profile.title for profile in PROFILES]


def test_there_are_as_many_profiles_and_forms_as_promised():
    assert len(PROFILES) >= 12
    assert distinct_shapes(PROFILES) >= 7
    assert sum(len(profile.examples) for profile in PROFILES) >= 2 * len(PROFILES)


def test_the_schema_that_is_kept_is_the_one_that_would_be_made():
    kept = (builtin_folder() / "schema.json").read_text("utf-8")
    assert kept == profile_schema.text(), "run: meeting-gateway profile schema > device_profiles/schema.json"


def test_the_pages_that_are_kept_are_those_that_would_be_made():
    kept = {path.relative_to(DEVICES).as_posix(): path.read_text("utf-8") for path in sorted(DEVICES.rglob("*.md"))}
    made = pages(PROFILES)
    assert set(kept) == set(made), "run: meeting-gateway profile docs"
    assert [name for name in made if kept[name] != made[name]] == [], "run: meeting-gateway profile docs"


def test_every_page_says_what_no_hardware_confirmed():
    for one in PROFILES:
        said = "**Not confirmed on hardware.**" in (DEVICES / f"{one.id}.md").read_text("utf-8")
        assert said is not is_confirmed(one), one.id


LEAST_FIRMWARE = {
    "grandstream/ucm6300": ">=1.0.25.7",
    "grandstream/ucm6300_audio": ">=1.0.25.7",
    "grandstream/gcc6000": ">=1.0.25.11",
    "grandstream/cloud_ucm": ">=1.0.25.13",
}
"""As the Grandstream guide "Google Calendar API Integration" says."""


@pytest.mark.parametrize(("profile_id", "firmware"), LEAST_FIRMWARE.items())
def test_the_least_firmware_is_the_guides(profile_id: str, firmware: str):
    assert [product.firmware for product in profile(profile_id).products] == [firmware]


def test_the_models_of_the_ucm6300_have_the_makers_limits():
    catalog = Catalog.load([builtin_folder()])
    found = {model.model: (model.rooms, model.invitees) for model in catalog.get("grandstream/ucm6300").models}
    assert found == {"UCM6301": (4, 75), "UCM6302": (8, 150), "UCM6304": (15, 200), "UCM6308": (25, 300)}
    small = catalog.get("grandstream/ucm6300", "UCM6301")
    assert {shape.rules.limits.invitees for shape in small.shapes} == {75}
    # Nothing is known of the models of the others, so theirs are not those of the UCM6300.
    for other in ("ucm6300_audio", "gcc6000", "cloud_ucm"):
        assert catalog.get(f"grandstream/{other}").models == ()


def test_every_ucm_can_be_asked():
    asked = [one for one in PROFILES if Transport.POLL in one.transports]
    assert {one.id for one in asked} >= {*LEAST_FIRMWARE, "grandstream/ucm6200", "grandstream/ucm6510"}
    assert {one.api.port for one in asked if one.api and one.id == "grandstream/cloud_ucm"} == {8443}
    for one in asked:
        assert any("Permitted IP(s)" in step.field for step in one.setup), one.id


def test_a_yeastar_event_without_a_schedule_is_refused_and_not_guessed_at():
    event = {"type": 30024, "sn": "0000000000", "msg": '{"number": "6400"}'}
    with pytest.raises(BadPayload, match=r"subject: is required.*start: is required"):
        to_meeting(profile("yeastar/p_series"), event, Context(None, None, 1713772800))


def test_the_profiles_can_be_listed_shown_and_written(tmp_path: Path):
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "gateway", "profile", *words]
        return subprocess.run(command, cwd=tmp_path, env=environ(), capture_output=True, text=True, check=False)

    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [one["id"] for one in listed] == [one.id for one in PROFILES]
    assert not any(one["own"] for one in listed)
    assert run("show", "grandstream/gcc6000").stdout == for_reading(pages(PROFILES)["grandstream/gcc6000.md"])
    tested = run("test")
    assert tested.returncode == 0
    assert re.search(rf"^{len(PROFILES)} profiles, \d+ distinct forms .* all as expected\.$", tested.stdout, re.M)
    assert run("lint").returncode == 0
    assert json.loads(run("schema").stdout) == profile_schema.schema()
    assert run("docs", "--out", "pages").returncode == 0
    assert (tmp_path / "pages/README.md").read_text("utf-8") == pages(PROFILES)["README.md"]
    missing = run("lint", "acme/none")
    assert missing.returncode == 1
    assert "there is no profile 'acme/none'" in missing.stdout


def environ() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**inherited, "PYTHONPATH": str(ROOT)}


# The macro for RoomOS, played with a device that is made of a few lines.

DEVICE = """
const handlers = [];
const rounds = JSON.parse(process.argv[2]);
let at = 0;
const xapi = {
  Command: {
    Bookings: { List: async () => rounds[Math.min(at, rounds.length - 1)] },
    HttpClient: {
      Post: async (options, body) => {
        console.log(JSON.stringify({ url: options.Url, header: options.Header, body: JSON.parse(body) }));
        return { StatusCode: '202' };
      },
    },
  },
  Event: { Bookings: { Updated: { on: (handler) => handlers.push(handler) } } },
};
globalThis.setInterval = () => 0;
const settle = async () => { for (let n = 0; n < 50; n += 1) await null; };
async function play() {
  await settle();
  for (at = 1; at < rounds.length; at += 1) { for (const handler of handlers) await handler(); await settle(); }
}
"""


def macro() -> str:
    found = re.search(r"^```js\n(.*?)^```", MACRO.read_text("utf-8"), re.M | re.S)
    assert found
    code = found[1].replace("import xapi from 'xapi';", "")
    assert "import " not in code
    return f"{DEVICE}\n{code}\nplay();\n"


def played(rounds: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """What the macro posts when the device lists these bookings one after the other."""
    script = folder / "macro.js"
    script.write_text(macro(), "utf-8")
    command = [shutil.which("node") or "node", str(script), json.dumps(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def booking(**other: object) -> dict[str, Any]:
    """As the xAPI gives it, far in the future so that the macro does not take it for over."""
    return {
        "Id": "webex-3",
        "Title": "Weekly_Meeting",
        "Agenda": "",
        "Organizer": {"FirstName": "Ann", "LastName": "Lee", "Email": "ann.lee@example.com"},
        "Time": {"StartTime": "2099-04-29T09:00:00Z", "StartTimeBuffer": 300, "EndTime": "2099-04-29T10:00:00Z"},
        "DialInfo": {"Calls": {"Call": [{"Number": "weekly@example.com", "Protocol": "SIP"}]}},
        **other,
    }


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node, to run JavaScript")
def test_the_macro_posts_what_the_profile_understands(tmp_path: Path):
    moved = booking(Time={"StartTime": "2099-04-29T11:00:00Z", "EndTime": "2099-04-29T12:00:00Z"})
    bare = {"Id": 7, "Time": {"StartTime": "2099-05-01T09:00:00Z", "EndTime": "2099-05-01T10:00:00Z"}}
    posts = played(
        [{"Booking": [booking()]}, {"Booking": booking()}, {"Booking": [moved, bare]}, {"Booking": [bare]}, {}],
        tmp_path,
    )
    assert all("Content-Type: application/json" in post["header"] for post in posts)
    assert all(post["url"].endswith("/meetings") for post in posts)
    macro_profile = profile("cisco/roomos_macro")
    context = Context(None, "Europe/Berlin", 4_080_000_000)
    heads = [head(macro_profile, post["body"], context) for post in posts]
    told = [(one.external_id, one.cancels) for one in heads]
    assert told == [("webex-3", False), ("webex-3", False), ("7", False), ("webex-3", True), ("7", True)]
    first, second, third = (to_meeting(macro_profile, post["body"], context) for post in posts[:3])
    assert (first.meeting.start_utc_s, second.meeting.start_utc_s - first.meeting.start_utc_s) == (4081136400, 7200)
    assert first.ignored == third.ignored == ()
    assert first.meeting.host is not None
    assert (first.meeting.host.name, first.meeting.host.email) == ("Ann Lee", "ann.lee@example.com")
    assert first.meeting.join is not None
    assert first.meeting.join.sip_uri == "sip:weekly@example.com"
    assert (third.meeting.subject, third.meeting.host, third.meeting.join) == ("Booked", None, None)
