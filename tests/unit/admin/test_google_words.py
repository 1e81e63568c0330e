"""What the Google page's buttons, messages and files are, without any server."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import tomllib
from pathlib import Path

import pytest

from gateway import messages
from gateway.accounts import console
from gateway.admin import buttons
from gateway.admin.google.endings import code_for
from gateway.admin.help_pages import grouped, in_general
from gateway.admin.qr import qr_svg
from gateway.messages.languages import speaking

ADMIN = Path(__file__).parents[3] / "gateway" / "admin"
STATIC, TEMPLATES = ADMIN / "static", ADMIN / "templates"
KNOWN = {"copy-redirect": "http://127.0.0.1:8765/oauth/google/callback", "copy-client-id": "id"}


@pytest.mark.parametrize("does", sorted(messages.DOES))
def test_every_button_of_the_catalogue_does_something(does: str):
    pressed = buttons.pressing(signed_in=True, known=KNOWN, consoles=console.links())(does, "G-100")
    assert sum(map(bool, (pressed.href, pressed.post, pressed.copy, pressed.action))) == 1
    if does.startswith("open-"):
        assert pressed.href.startswith("https://")
        assert pressed.new_tab
    if does.startswith("copy-") and does != "copy-link":
        assert pressed.copy == KNOWN[does]


@pytest.mark.parametrize("does", sorted(messages.DOES))
def test_who_is_not_signed_in_gets_links_only(does: str):
    pressed = buttons.pressing(signed_in=False)(does, "G-100")
    assert pressed.href
    assert {pressed.post, pressed.action, pressed.copy} == {""}


def test_whether_the_address_is_registered_is_asked_at_google_itself():
    pressed = buttons.pressing(signed_in=True)
    assert pressed("check-again", "G-305").post == "/google/start"
    assert pressed("check-again", "G-407").post == "/google/check"


def test_the_steps_of_a_remedy_are_taken_apart():
    found = buttons.steps(messages.text("G-305", redirect="http://x/y").remedy)
    assert [step.split()[0] for step in found.steps] == ["Open", "Under", "Save", "Click"]
    assert found.after.startswith("Desktop app clients")
    assert buttons.steps("Start again. Tick 3. boxes.").steps == ()


def test_paragraphs_become_lists():
    assert buttons.paragraphs(("Why.", "1. Do this.", "2. Do that.", "Then.")) == [
        ("p", ("Why.",)),
        ("ol", ("Do this.", "Do that.")),
        ("p", ("Then.",)),
    ]


@pytest.mark.parametrize("code", messages.codes())
def test_every_code_can_be_told_without_knowing_anything(code: str):
    message = in_general(code)
    assert message.title
    assert "{" not in str(message)


def test_every_code_is_in_the_list_once():
    listed = [message.code for _, group in grouped() for message in group]
    assert sorted(listed) == sorted(messages.codes())


def test_a_code_that_does_not_exist_stays_unknown():
    with pytest.raises(KeyError):
        in_general("X-999")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Error 400: redirect_uri_mismatch", "G-305"),
        ("Access blocked\nError 403: org_internal\nRequest details: ...", "G-303"),
        ("This site can\N{RIGHT SINGLE QUOTATION MARK}t be reached", "G-300"),
        ("Access blocked: PBX rooms has not completed the Google verification process", "G-302"),
        ("You can't sign in because this app sent an Error 400: redirect_uri_mismatch, which doesn't comply", "G-305"),
        ("no idea", "G-319"),
        ("something else", "G-319"),
    ],
)
def test_the_text_of_googles_page_is_recognised(said: str, code: str):
    assert code_for(said) == code


@pytest.mark.parametrize(("code", "words"), messages.printed())
def test_everything_google_prints_leads_to_its_message(code: str, words: str):
    assert code_for(f"<< {words.replace('{app}', 'My app')} >>") == code


def test_a_qr_code_has_no_style_and_no_text_of_the_link():
    drawn = qr_svg("https://accounts.example/o/oauth2/v2/auth?state=" + "s" * 43)
    assert drawn.startswith("<svg")
    assert "style" not in drawn
    assert "state" not in drawn


def test_foreign_files_are_listed_and_unmodified():
    listed = {each["name"]: each for each in tomllib.loads((STATIC / "vendor.toml").read_text())["file"]}
    texts = {path.name: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in (".js", ".css")}
    assert set(listed) == {name for name, text in texts.items() if not re.match(r"/\* [A-Z]|:root|@", text)}
    for name, entry in listed.items():
        assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == entry["sha256"]
        assert entry["version"]
        assert entry["licence"]
        assert "://" not in entry["source"]


def test_our_script_stays_small():
    assert len(gzip.compress((STATIC / "page.js").read_bytes(), 9)) <= 10 * 1024


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_hold_nothing_that_the_policy_forbids(path: Path):
    source = path.read_text("utf-8")
    assert not re.search(r'<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|="https?:', source)
    assert "hx-on" not in source


def test_the_configuration_of_htmx_fits_the_policy():
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", (TEMPLATES / "layout.html").read_text("utf-8"))
    assert found is not None
    config = json.loads(found[1])
    assert (config["includeIndicatorStyles"], config["allowEval"]) == (False, False)


@pytest.mark.parametrize(
    ("does", "values", "place"),
    [
        ("show-device", {"device": "ucm-1"}, "/devices/ucm-1"),
        ("show-device", {"device": ""}, "/devices"),
        ("show-device", {"device": "a/../b?c"}, "/devices/a%2F..%2Fb%3Fc"),
        ("show-call", {"call": "7", "device": "ucm-1"}, "/calls/7"),
        ("show-call", {"device": "ucm-1"}, "/devices/ucm-1/calls"),
        ("show-call", {}, "/calls"),
        ("put-back", {"meeting": "12"}, "/meetings/12#decide"),
        ("show-queue", {}, "/meetings?state=waiting"),
    ],
)
def test_a_button_leads_to_what_its_message_is_about(does: str, values: dict[str, str], place: str):
    assert buttons.pressing(signed_in=True)(does, "D-01", values).href == place


def test_what_is_done_at_once_is_a_form_for_who_is_signed_in():
    message = messages.text("D-16", device="ucm-1")
    assert buttons.pressing(signed_in=True)("test-device", message.code, message.values).post == "/devices/ucm-1/test"
    assert buttons.pressing(signed_in=False)("test-device", message.code, message.values).href == "/devices/ucm-1"
    line = messages.text("D-18", device="ucm-1", line="192.0.2.5/32")
    assert buttons.pressing(signed_in=True)("line-to-copy", line.code, line.values).copy == "192.0.2.5/32"


def test_reloading_leads_to_the_page_that_one_is_at():
    assert buttons.pressing(signed_in=True, here="/logs")("reload", "A-05").href == "/logs"
    assert buttons.pressing(signed_in=True)("reload", "A-05").href == "/google"


def test_messages_are_found_by_code_by_words_and_by_what_google_prints():
    def found(asked: str) -> list[str]:
        return [message.code for _, listed in grouped(asked) for message in listed]

    assert found("g-207") == ["G-207"]
    assert "G-305" in found("redirect_uri_mismatch")
    assert set(found("PASSPHRASE backup")) >= {"C-05"}
    assert found("no such words anywhere") == []
    with speaking("es"):
        assert "A-02" in found("espera minutos")
