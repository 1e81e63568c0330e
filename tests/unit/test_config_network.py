"""The way out and the trusted proxies as settings: what is taken, how it is kept, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import Config, Secret, describe, load
from gateway.config.network import networks, proxy_address, proxy_user
from gateway.config.root_certificate import RootCertificate, checked
from gateway.config.saved import write_saved
from gateway.config.values import Refused
from gateway.errors import ConfigError
from tests.way_out import company


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems(yaml: str, **environ: str) -> list[str]:
    Path("config.yaml").write_text(yaml)
    with pytest.raises(ConfigError) as caught:
        load(None, environ)
    return caught.value.problems


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("http://proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("proxy.example.com:3128", "http://proxy.example.com:3128"),
        ("http://Proxy.Example.COM.:8080/", "http://proxy.example.com:8080"),
        ("192.0.2.8:1", "http://192.0.2.8:1"),
        ("[2001:DB8::8]:65535", "http://[2001:db8::8]:65535"),
    ],
)
def test_a_proxy_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert proxy_address(typed) == kept
    assert proxy_address(kept) == kept


@settings(deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"(https?://)?[a-z.@:\[\]0-9/]{0,30}", fullmatch=True))
def test_whatever_is_taken_as_a_proxy_is_a_host_and_a_port(text: str) -> None:
    try:
        kept = proxy_address(text)
    except Refused as error:
        refused: Refused | None = error
    else:
        refused = None
        assert proxy_address(kept) == kept
        assert not set(kept) & set("@ \r\n?#\\")
    assert refused is None or "@" not in text or not refused.shows_value, "what may be a password is not repeated"


@pytest.mark.parametrize("user", ["", " a", "a:b", "a\nb", "x" * 255])
def test_what_is_no_user_of_a_proxy(user: str) -> None:
    with pytest.raises(Refused):
        proxy_user(user)


@settings(deadline=None)
@given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=20))
def test_addresses_are_kept_in_their_usual_form(every: list[str]) -> None:
    assert networks(" ,".join(every)) == ", ".join(every)


@pytest.mark.parametrize("text", ["", ",", "proxy.lan", "10.0.0.0/33", "0.0.0.0/0", "::/0", "1", "10.0.0.1;10.0.0.2"])
def test_everybody_and_names_are_no_trusted_proxies(text: str) -> None:
    with pytest.raises(Refused):
        networks(text)


def test_a_file_sets_all_of_it() -> None:
    Path("office.pem").write_text("Issued to the office\n" + company().root)
    Path("config.yaml").write_text(
        "network:\n  proxy: {address: 'proxy.lan:3128', user: meetings}\n"
        "  root_certificate: office.pem\n  trusted_proxies: 10.1.2.3/16\n"
    )
    config = load(None, {"GATEWAY_NETWORK__PROXY__PASSWORD": "canary"})
    assert config.network.proxy is not None
    assert config.network.proxy.password == Secret("canary")
    assert config.network.trusted_proxies == "10.1.0.0/16"
    assert config.network.root_certificate == RootCertificate(
        pem=company().root, file=str(Path("office.pem").absolute())
    )
    shown = {each.key: each.shown for each in describe(config)}
    assert shown["network.root_certificate"] == str(Path("office.pem").absolute())
    assert shown["network.proxy.password"] == "***"
    assert "canary" not in repr(config)


def test_the_certificate_itself_may_stand_in_a_variable() -> None:
    config = load(None, {"GATEWAY_NETWORK__ROOT_CERTIFICATE": company().root})
    assert config.network.root_certificate == RootCertificate(pem=company().root)
    shown = {each.key: each.shown for each in describe(config)}
    assert shown["network.root_certificate"] == "Inspection CA 7"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read (No such file or directory)."),
        ("", "There is no certificate in the file"),
        (company().server, "It is the certificate of a server"),
        (company().server_key, "There is a private key in the file"),
        ("x" * 70_000, "larger than 64 kB"),
    ],
    ids=["missing", "empty", "server", "key", "huge"],
)
def test_a_file_that_is_no_root_certificate_is_told_with_its_line(content: str | None, says: str) -> None:
    if content is not None:
        Path("office.pem").write_text(content)
    [line] = problems("network:\n  root_certificate: office.pem\n")
    assert line.startswith("config.yaml:2:3: network.root_certificate: ")
    assert says in line
    assert "BEGIN" not in line.replace("-----BEGIN CERTIFICATE-----", "")


def test_a_user_needs_a_password_and_no_password_stands_in_the_file() -> None:
    [line] = problems("network:\n  proxy: {address: 'proxy.lan:3128', user: meetings}\n")
    assert "network.proxy.password is required; write GATEWAY_NETWORK__PROXY__PASSWORD=..." in line
    [line] = problems("network:\n  proxy: {address: 'proxy.lan:3128', password: canary}\n")
    assert "canary" not in line


def test_what_was_saved_on_the_page_is_read_again_and_a_stronger_file_wins() -> None:
    Path("data").mkdir()
    write_saved(Path("data"), {"network.root_certificate": company().root, "network.trusted_proxies": "192.0.2.1"})
    config = load(None, {})
    assert config.network.root_certificate == RootCertificate(pem=company().root)
    assert config.saved_problems == ()
    config = load(None, {"GATEWAY_NETWORK__TRUSTED_PROXIES": "192.0.2.2"})
    assert config.network.trusted_proxies == "192.0.2.2"
    write_saved(Path("data"), {"network.root_certificate": "-----BEGIN CERTIFICATE-----\nspoiled"})
    config = load(None, {})
    assert config.network == Config().network
    assert len(config.saved_problems) == 1


def test_only_certificates_are_kept_of_a_file() -> None:
    other = company("Other CA").root
    assert (
        checked(f"# first\n{company().root}junk\n{company().below}\n{other}")
        == company().root + company().below + other
    )
    roots = RootCertificate(pem=company().root + other).roots()
    assert [each.subject for each in roots] == ["Inspection CA 7", "Other CA"]
    assert all(len(each.fingerprint) == 95 and each.from_ms < each.until_ms for each in roots)
