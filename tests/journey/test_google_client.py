"""The Google client comes from its credentials file by command, while a gateway without one is running."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from simulator.google import SimulatedGoogle
from tests.journey.conftest import stopped_at_the_end
from tests.journey.gateway_process import CLIENT_ID, CLIENT_SECRET, GatewayProcess

PUBLIC = "https://pbx.example.com/oauth/google/callback"


class GatewayWithoutClient(GatewayProcess):
    """Nothing of the Google app stands in its settings."""

    def __post_init__(self) -> None:
        super().__post_init__()
        config = self.folder / "config.yaml"
        lines = config.read_text().splitlines(keepends=True)
        config.write_text("".join(line for line in lines if "client_id" not in line and "redirect_uri" not in line))

    @property
    def environ(self) -> dict[str, str]:
        return {name: value for name, value in super().environ.items() if name != "GATEWAY_GOOGLE__CLIENT_SECRET"}


@pytest.fixture
async def bare(tmp_path: Path, google: SimulatedGoogle) -> AsyncIterator[GatewayProcess]:
    async with stopped_at_the_end(GatewayWithoutClient(folder=tmp_path, google_base=google.base)) as process:
        yield process


def credentials(folder: Path, **changes: object) -> str:
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": ["http://localhost"], **changes}
    path = folder / f"client_secret_{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps({"installed": client}))
    return str(path)


async def test_file_sign_in_and_the_gateway_notices(bare: GatewayProcess, google: SimulatedGoogle) -> None:
    await bare.start()
    code, _, talk = await bare.command("google", "login", "--print-link")
    assert (code, talk.split()[:2]) == (77, ["ERROR", "G-101"])
    code, link, talk = await bare.command("google", "login", "--client", credentials(bare.folder), "--print-link")
    assert code == 0, talk
    assert "G-115" in talk
    assert f"Saved: client {CLIENT_ID}, redirect address http://127.0.0.1:8765/oauth/google/callback" in talk
    assert CLIENT_SECRET not in talk + link + bare.log
    code, _, talk = await bare.command("google", "login", "--code", google.do.approve(link.strip()))
    assert code == 0, talk
    code, out, _ = await bare.command("google", "status")
    assert code == 0, out
    async with aiohttp.ClientSession() as session:
        address = f"{bare.http}/readyz"
        async with session.get(address) as answer:
            assert (await answer.json())["account"] in ("connected", "none")  # it may still be waking up
    assert await bare.stop() == 0


async def test_what_is_wrong_has_the_codes_of_the_page(bare: GatewayProcess) -> None:
    folder = bare.folder
    (folder / "page.html").write_text("<html></html>")
    for words, code in (
        (("--client", str(folder / "page.html")), "G-110"),
        (("--client", credentials(folder, client_secret="")), "G-104"),
        (("--redirect", PUBLIC), "G-101"),
        (("--client", credentials(folder), "--redirect", PUBLIC), "G-114"),
        (("--client", credentials(folder), "--redirect", "http://192.168.1.4/"), "G-108"),
    ):
        exit_code, out, talk = await bare.command("google", "login", *words)
        assert (exit_code, out, talk.split()[:2]) == (77, "", ["ERROR", code])
    exit_code, _, talk = await bare.command("google", "login", "--client", str(folder / "nowhere.json"))
    assert exit_code == 1
    assert "nowhere.json cannot be read: No such file or directory." in talk


async def test_what_the_settings_say_is_locked(gateway: GatewayProcess) -> None:
    code, _, talk = await gateway.command("google", "login", "--redirect", PUBLIC)
    assert (code, talk.split()[:2]) == (77, ["ERROR", "G-117"])
    assert "config.yaml:8. Change it there" in talk
