"""What was saved on the page: weaker than everything but the defaults, and no reason for a gateway to stay down."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Config, describe, load, set_by
from gateway.config.saved import ASIDE_NAME, FILE_NAME, PARTS, SEALED, read_saved, without_saved, write_saved
from gateway.errors import ConfigError, GatewayError

MAIL = {
    "notifications.email.server": "mail.example.com",
    "notifications.email.sender": "gateway@example.com",
    "notifications.email.to": "telephony@example.com",
}


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()


def loaded(yaml: str = "", environ: dict[str, str] | None = None) -> Config:
    Path("config.yaml").write_text(yaml)
    return load(None, environ or {}, None, lambda folder, text: f"opened {folder.name} {text}")


def sources(config: Config) -> dict[str, str]:
    return {each.key: each.source for each in describe(config)}


def test_what_was_saved_is_stronger_than_the_defaults_only() -> None:
    write_saved(Path("data"), {"gateway.name": "Page", "gateway.time_zone": "Asia/Tokyo", "google.refresh_every_s": 90})
    config = loaded()
    assert (config.gateway.name, config.gateway.time_zone, config.google.refresh_every_s) == ("Page", "Asia/Tokyo", 90)
    assert sources(config)["gateway.name"] == "saved on the page"
    assert sources(config)["gateway.listen"] == "default"
    assert set_by(config.sources, "gateway.name") == ""

    config = loaded("gateway:\n  name: File\n", {"GATEWAY_GATEWAY__TIME_ZONE": "Europe/Berlin"})
    assert (config.gateway.name, config.gateway.time_zone, config.google.refresh_every_s) == (
        "File",
        "Europe/Berlin",
        90,
    )
    assert sources(config)["gateway.name"].endswith("config.yaml:2")
    assert config.saved_problems == ()


def test_a_channel_is_taken_whole_or_not_at_all() -> None:
    write_saved(Path("data"), {**MAIL, "notifications.email.port": 2525})
    email = loaded().notifications.email
    assert email is not None
    assert (email.server, email.port) == ("mail.example.com", 2525)

    own = "notifications:\n  email:\n    server: other.example.com\n    sender: a@example.com\n    to: b@example.com\n"
    email = loaded(own).notifications.email
    assert email is not None
    assert (email.server, email.port) == ("other.example.com", 587)


def test_a_secret_is_opened_and_one_that_cannot_be_is_left_out_with_its_channel_only() -> None:
    values = {**MAIL, "notifications.email.user": "u", "notifications.email.password": f"{SEALED}abc"}
    write_saved(Path("data"), {**values, "gateway.name": "Page"})
    config = loaded()
    assert config.notifications.email is not None
    assert config.notifications.email.password is not None
    assert config.notifications.email.password.reveal() == "opened data abc"
    assert "opened data abc" not in repr(config)

    def other_key(_folder: Path, _text: str) -> str:
        raise GatewayError("no")

    for unseal in (other_key, None):
        config = load(None, {}, None, unseal)
        assert config.notifications.email is None
        assert config.gateway.name == "Page"
        (line,) = config.saved_problems
        assert "notifications.email.password was sealed with another key file" in line


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gateway.name: [", "saved.yaml:2:1: this is not readable as YAML"),
        ("- a\n", "must consist of lines"),
        ("gateway.name: ok\ngateway.time_zone: Nowhere/Land\n", "saved.yaml:2:1: gateway.time_zone must be an IANA"),
        ("gateway.data_dir: /x\ngateway.name: ok\n", "gateway.data_dir is not saved on the page"),
        ("notifications.email.server: mail.example.com\ngateway.name: ok\n", "notifications.email.sender is required"),
        ("notifications.email: 5\ngateway.name: ok\n", "notifications.email must be a section"),
        ("google.refresh_every_s: 1\ngateway.name: ok\n", "google.refresh_every_s must be between"),
        ("\x00", "saved.yaml:1:1:"),
        ("devices: []\ngateway.name: ok\n", "devices is not saved on the page"),
    ],
)
def test_a_broken_file_is_reported_and_the_rest_of_it_used(text: str, said: str) -> None:
    Path("data", FILE_NAME).write_text(text)
    config = loaded()
    assert said in " ".join(config.saved_problems)
    assert config.gateway.name == ("ok" if "ok\n" in text else "Meeting gateway")


@settings(max_examples=25, deadline=None)
@given(
    raw=st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from([*PARTS, "notifications.email.port", "notifications.webhook.secret", "x"]),
            st.one_of(st.none(), st.booleans(), st.integers(-9, 99999), st.text(max_size=12), st.lists(st.none())),
        ).map(lambda made: "".join(f"{key}: {value!r}\n" for key, value in made.items()).encode()),
    )
)
def test_nothing_in_the_file_keeps_a_gateway_from_starting(raw: bytes) -> None:
    Path("data", FILE_NAME).write_bytes(raw)
    config = loaded("gateway:\n  name: File\n")
    assert config.gateway.name == "File"


def test_a_mistake_in_the_real_file_is_told_whatever_was_saved() -> None:
    write_saved(Path("data"), {"gateway.name": "Page"})
    with pytest.raises(ConfigError, match=r"gateway\.time_zone must be"):
        loaded("gateway:\n  time_zone: Nowhere\n")


def test_a_folder_in_place_of_the_file_is_a_problem_and_no_crash() -> None:
    Path("data", FILE_NAME).mkdir()
    assert "cannot be read" in loaded().saved_problems[0]


def test_the_file_is_private_and_whole_and_what_could_not_be_used_is_set_aside() -> None:
    path = Path("data", FILE_NAME)
    path.write_text("broken: [")
    odd = 'Büro "A" #1: \\ ${x} \u2028'.strip()
    write_saved(Path("data"), {"gateway.name": odd}, keep_old=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Path("data", ASIDE_NAME).read_text() == "broken: ["
    assert read_saved(Path("data")).values == {"gateway.name": odd}
    assert sorted(each.name for each in Path("data").iterdir()) == [FILE_NAME, ASIDE_NAME]


def test_settings_as_they_would_be_without_what_was_saved() -> None:
    write_saved(Path("data"), {**MAIL, "gateway.name": "Page", "discovery.browse": False})
    config = without_saved(loaded("gateway:\n  time_zone: Asia/Tokyo\n"))
    assert config.notifications.email is None
    assert (config.gateway.name, config.gateway.time_zone, config.discovery.browse) == (
        "Meeting gateway",
        "Asia/Tokyo",
        True,
    )
    assert "saved on the page" not in config.sources.values()
