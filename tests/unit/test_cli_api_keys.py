"""The commands `api-key …`: the key alone on standard output, what cannot be named, the same keys as on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway import cli
from gateway.cli.command import FAILED, OK, USAGE
from tests.prepared import give_database


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder, and a folder without settings to stand in."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    give_database(folder / "gateway.db", 0)
    return folder


def test_a_key_is_made_listed_and_revoked(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        code = cli.main(["--data", str(data), "api-key", *words])
        return code, *capsys.readouterr()

    code, out, talk = run("create", "Door display", "--scope", "meetings", "--scope", "events", "--until", "2099-12-31")
    assert (code, re.fullmatch(r"mgk_[\w-]{43}\n", out) is not None) == (OK, True)
    assert "It is shown this once" in talk
    assert out.strip() not in talk
    code, made, _ = run("create", "Prometheus", "--scope", "metrics", "--json")
    assert (code, json.loads(made)["key"][:4]) == (OK, "mgk_")
    code, listed, _ = run("list", "--json")
    found = {each["name"]: each for each in map(json.loads, listed.splitlines())}
    assert found["Door display"] | {"created": None} == {
        "name": "Door display",
        "scopes": ["meetings", "events"],
        "created": None,
        "created_by": "command line",
        "ends": "2100-01-01T00:00:00Z",
        "ended": False,
        "last_used": None,
    }
    assert found["Prometheus"]["ends"] is None
    code, text, _ = run("list")
    assert '"Door display"  meetings,events  not used yet  ends 2100-01-01 00:00 UTC' in text.splitlines()
    assert "mgk_" not in listed + text
    code, _, talk = run("revoke", "door DISPLAY")
    assert (code, talk) == (OK, "Door display is revoked. Whoever uses it is refused from now on.\n")
    code, _, talk = run("revoke", "Door display")
    assert (code, talk) == (FAILED, "ERROR There is no API key 'Door display'. See: meeting-gateway api-key list\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("", "--scope", "status"), "ERROR NAME: Give the key a name"),
        (("X", "--scope", "status", "--until", "2020-01-01"), "ERROR --until: This day is over."),
        (("X", "--scope", "status", "--until", "tomorrow"), "ERROR --until: Enter a day such as 2027-12-31"),
    ],
)
def test_what_cannot_be_is_said_by_its_option(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert cli.main(["--data", str(data), "api-key", "create", *words]) == USAGE
    out, talk = capsys.readouterr()
    assert (out, talk.startswith(said)) == ("", True), talk


def test_scopes_are_those_that_there_are() -> None:
    from gateway.access.api_keys import Scope
    from gateway.cli.api_keys import _SCOPES

    assert set(Scope) == set(_SCOPES)
    for words in (["create", "X"], ["create", "X", "--scope", "everything"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(["api-key", *words])
        assert ended.value.code == USAGE
