"""What a gateway that starts again would stumble over, found before it is restarted."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.config import load
from gateway.config.saved import FILE_NAME
from gateway.messages.languages import speaking
from gateway.operations.settings.check import findings


@pytest.fixture(autouse=True)
def _in_a_folder_with_a_good_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("gateway:\n  name: Head office\n")
    Path("data").mkdir()


def codes(environ: dict[str, str] | None = None) -> list[str]:
    return [each.code for each in findings(load(Path("config.yaml"), {}), environ or {})]


def test_nothing_is_wrong_with_a_good_file() -> None:
    assert codes() == []


def test_a_mistake_names_file_line_and_reason() -> None:
    config = load(Path("config.yaml"), {})
    Path("config.yaml").write_text("gateway:\n  name: Head office\n  time_zone: Berlin\n  colour: red\n")
    first, second = findings(config, {})
    assert first.text.startswith("config.yaml line 3: gateway.time_zone must be an IANA time zone")
    assert second.text.startswith("config.yaml line 4: gateway.colour is not a known setting")
    Path("config.yaml").unlink()
    (gone,) = findings(config, {})
    assert (gone.code, "there is no such file" in gone.text) == ("C-01", True)


def test_a_secret_that_is_missing_has_its_own_code() -> None:
    config = load(Path("config.yaml"), {})
    Path("config.yaml").write_text("notifications:\n  webhook:\n    url: https://alerts.example.com/\n")
    (missing,) = findings(config, {})
    assert missing.code == "C-03"
    assert "notifications.webhook.secret" in missing.title
    assert "GATEWAY_NOTIFICATIONS__WEBHOOK__SECRET" in missing.title


@pytest.mark.parametrize(("code", "says"), [("es", "zona horaria IANA"), ("en-XA", "⟦mûûšt bé")])
def test_mistakes_are_told_in_the_language_of_whoever_asks(code: str, says: str) -> None:
    text = "gateway:\n  time_zone: Berlin\nnotifications:\n  webhook:\n    url: https://alerts.example.com/\n"
    config = load(Path("config.yaml"), {})
    Path("config.yaml").write_text(text)
    with speaking(code):
        (zone,) = [each for each in findings(config, {}) if each.code == "C-01"]
        assert says in zone.text
        Path("config.yaml").write_text(text.replace("  time_zone: Berlin\n", "  name: Office\n"))
        (missing,) = findings(config, {})
        assert (missing.code, "GATEWAY_NOTIFICATIONS__WEBHOOK__SECRET" in missing.title) == ("C-03", True)


def test_a_port_that_somebody_else_has_is_found() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert codes({"GATEWAY_GATEWAY__LISTEN": f"127.0.0.1:{port}"}) == ["C-02"]
    assert codes({"GATEWAY_GATEWAY__LISTEN": "127.0.0.1:0"}) == []


def test_what_was_saved_and_cannot_be_used_is_told_too() -> None:
    Path("data", FILE_NAME).write_text("logging.level: loud\n")
    (line,) = findings(load(Path("config.yaml"), {}), {})
    assert (line.code, "saved.yaml line 1" in line.text) == ("C-01", True)
