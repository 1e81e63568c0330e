"""Integrations in a browser without scripts: the switches, the files to take along, the device API and its lines."""

from __future__ import annotations

import json
import shlex
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
import yaml

from gateway.access.api_keys import ApiKeys, Scope
from gateway.config import Config, DeviceSection, GatewaySection, MetricsSection, WebhookSection
from gateway.domain.actor import Actor
from gateway.domain.secret import Secret
from gateway.operations.integrations.api_lines import API_KEY as PLACE_OF_API_KEY
from gateway.operations.integrations.api_lines import KEY as PLACE_OF_KEY
from gateway.operations.integrations.api_lines import PrivateAddress
from gateway.operations.integrations.standing import scrape_config
from tests.contract.validating_client import specification
from tests.journey.door_office import LOCAL, PASSWORD, Door
from tests.journey.plain_browser import PlainBrowser
from tests.prepared import running
from tests.unit.google.moved_clock import MovedClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = "example-device-key-0123456789"
PARTS = ("metrics.enabled", "integrations.public_api_page")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """A gateway with the device of the examples, which also has a webhook."""
    folder = tmp_path_factory.mktemp("integrations")
    hook = WebhookSection(url="https://pbx.example.com/hooks/secret-path", secret=Secret(f"whsec_{'QUJD' * 8}"))
    config = Config(
        gateway=GatewaySection(data_dir=folder, listen=LOCAL, listen_tls=LOCAL),
        devices=(DeviceSection(id="ucm-1", profile="generic/json", key=Secret(KEY), webhook=hook),),
    )
    clock = MovedClock()
    async with running(config, clock) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        yield Door(gateway, clock, folder)


@pytest_asyncio.fixture(loop_scope="module")
async def browser(door: Door) -> AsyncIterator[PlainBrowser]:
    """Nothing is switched on, and Anna has just signed in."""
    await door.gateway.settings.save({}, Actor(name="test"), without=PARTS)
    async with PlainBrowser(door.http) as made:
        await made.open("/sign-in")
        await made.press("Sign in", name="anna", password=PASSWORD)
        yield made


async def test_metrics_are_switched_on_and_off(door: Door, browser: PlainBrowser) -> None:
    page = await browser.open("/settings/integrations")
    assert f"{door.gateway.listener.https_for_others}/metrics" in page.text
    async with aiohttp.ClientSession(door.http) as prometheus:
        for ticked, status in (("yes", 401), ("no", 404)):
            page = await browser.press("Save", enabled=ticked)
            assert "Saved." in page.text
            assert "starts the next time" not in page.text
            async with prometheus.get("/metrics") as answer:
                assert answer.status == status


async def test_the_webhooks_of_devices_are_shown_without_their_secrets(browser: PlainBrowser) -> None:
    page = await browser.open("/settings/integrations")
    assert page.link("ucm-1") == "/devices/ucm-1"
    assert "pbx.example.com" in page.text
    assert "secret-path" not in page.source
    assert "QUJD" not in page.source


async def test_what_prometheus_is_told_is_what_it_understands(door: Door, browser: PlainBrowser) -> None:
    page = await browser.open("/settings/integrations")
    (job,) = yaml.safe_load(page.by_id("scrape-config").text)["scrape_configs"]
    place = door.gateway.listener.https_for_others.removeprefix("https://")
    assert job["static_configs"] == [{"targets": [place]}]
    assert (job["scheme"], job["metrics_path"]) == ("https", "/metrics")
    assert job["tls_config"]["ca_file"].endswith("/meeting-gateway.crt")
    proxied = PrivateAddress("https://meet.example.com/pbx", own_certificate=False)
    below = yaml.safe_load(scrape_config(proxied))["scrape_configs"][0]
    assert (below["scheme"], below["metrics_path"]) == ("https", "/pbx/metrics")
    assert "tls_config" not in below
    assert below["static_configs"] == [{"targets": ["meet.example.com"]}]


async def test_the_files_are_there_to_take_along(browser: PlainBrowser) -> None:
    page = await browser.open("/settings/integrations")
    dashboard = await browser.open(page.link("Download the Grafana dashboard"))
    assert json.loads(dashboard.source)["title"] == "Meeting gateway"
    assert "attachment" in dashboard.headers["Content-Disposition"]
    rules = await browser.open(page.link("Download the alert rules"))
    assert yaml.safe_load(rules.source)["groups"][0]["rules"]


async def test_the_certificate_to_take_along_is_the_one_that_is_shown(door: Door, browser: PlainBrowser) -> None:
    """Prometheus trusts it alone; a client that does so reaches the gateway, and its key is not in the file."""
    page = await browser.open("/settings/integrations")
    taken = await browser.open(page.link("Download the certificate"))
    assert "PRIVATE" not in taken.source
    trust = ssl.create_default_context(cadata=taken.source)
    async with aiohttp.ClientSession() as prometheus, prometheus.get(f"{door.https}/metrics", ssl=trust) as answer:
        assert answer.status == 404


async def test_the_device_api_is_for_administrators_until_they_say_otherwise(door: Door, browser: PlainBrowser) -> None:
    async with PlainBrowser(door.http) as stranger:
        assert "/sign-in" in (await stranger.open("/help/api")).url
        await browser.open("/settings/integrations")
        await browser.press("Save", public_api_page="yes")
        page = await stranger.open("/help/api")
        assert page.title.startswith("Device API")
        assert "/devices" not in {each.attributes.get("href") for each in page.elements}
        await browser.open("/settings/integrations")
        await browser.press("Save", public_api_page="no")
        assert "/sign-in" in (await stranger.open("/help/api")).url


async def test_the_page_has_every_call_and_every_field_of_the_contract(browser: PlainBrowser) -> None:
    page, document = await browser.open("/help/api"), specification()
    ids = {each.attributes.get("id") for each in page.elements}
    for path, item in document["paths"].items():
        assert path in page.text
        for method in ("get", "post", "put", "delete"):
            if method in item:
                assert f"call-{item[method]['operationId']}" in ids
    for name, schema in document["components"]["schemas"].items():
        assert f"model-{name}" in ids
        assert all(f" {each} " in f" {page.text} " for each in schema.get("properties", {}))
    links = {each.attributes["href"] for each in page.elements if each.tag == "a" and "href" in each.attributes}
    assert {each[1:] for each in links if each.startswith(("#call-", "#model-"))} <= ids
    for code in (each for each in links if each.startswith("/help/") and each[6:7].isupper()):
        assert (await browser.open(code)).status == 200


async def test_every_line_to_try_works_as_it_stands(door: Door, browser: PlainBrowser) -> None:
    """In the order of the page: what is made by one is changed and taken away by the next."""
    page = await browser.open("/help/api")
    keys = ApiKeys(database=door.gateway.stored.database, clock=door.clock)
    api_key = (await keys.create("Script", [scope for scope in Scope if scope is not Scope.EVENTS])).reveal()
    lines = {
        each.attributes["id"].removeprefix("curl-"): each.text
        for each in page.elements
        if each.attributes.get("id", "").startswith("curl-")
    }
    trust = ssl.create_default_context(cafile=door.folder / "tls.crt")
    given = {}
    async with aiohttp.ClientSession() as curl:
        for name in ("scheduleMeeting", "showMeeting", "changeOccurrence", "cancelOccurrence", *lines):
            line = lines[name].replace(PLACE_OF_API_KEY, api_key).replace(PLACE_OF_KEY, KEY)
            method, url, headers, body = _read(line)
            async with curl.request(method, url, headers=headers, data=body, ssl=trust) as answer:
                given[name] = (answer.status, await answer.text())
    events = given.pop("readEvents", (403, ""))  # a stream that does not end, for which this key is not good
    assert events[0] == 403
    keyed = given.pop("actionUrl")  # whose key stands in the address, which this device's profile does not allow
    assert keyed[0] in (401, 404)
    done = {name for name, (status, _) in given.items() if status < 300}
    foreign = {name for name, (_, text) in given.items() if "does not speak" in text}
    assert {name: said for name, said in given.items() if name not in done | foreign} == {}
    assert done >= {
        "scheduleMeeting", "showMeeting", "putMeeting", "cancelMeeting", "listChanges", "availability", "readyz",
    }  # fmt: skip


def _read(line: str) -> tuple[str, str, dict[str, str], bytes | None]:
    """What curl would send."""
    words = shlex.split(line.replace("\\\n", " "))
    assert words.pop(0) == "curl"
    method, url, body, headers = "GET", "", None, dict[str, str]()
    while words:
        word = words.pop(0)
        if word == "-X":
            method = words.pop(0)
        elif word == "--cacert":
            assert words.pop(0) == "meeting-gateway.crt"
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            headers[name] = value
        elif word == "--data-binary":
            body = words.pop(0).encode()
        else:
            url = word
    return method, url, headers, body


async def test_what_is_set_elsewhere_is_locked(tmp_path: Path) -> None:
    config = Config(
        gateway=GatewaySection(data_dir=tmp_path, listen=LOCAL, listen_tls=LOCAL),
        metrics=MetricsSection(token=Secret("canary-token-0123456789")),
        sources={
            "metrics.enabled": "environment GATEWAY_METRICS__ENABLED",
            "metrics.token": "/etc/meeting-gateway/.env",
        },
    )
    async with running(config, MovedClock()) as gateway:
        await gateway.admins.add_user("anna", PASSWORD)
        async with PlainBrowser(gateway.listener.url) as browser:
            await browser.open("/sign-in")
            await browser.press("Sign in", name="anna", password=PASSWORD)
            page = await browser.open("/settings/integrations")
            assert "Set by environment variable GATEWAY_METRICS__ENABLED" in page.text
            assert "Set by /etc/meeting-gateway/.env." in page.text
            assert "It counts here like an API key with the scope metrics." in page.text
            for each in ("/settings/integrations", "/settings/sign-in", "/help/api", "/logs"):
                assert "canary" not in (await browser.open(each)).source
            page = await browser.open("/settings/integrations")
            assert "disabled" in page.labelled("Let Prometheus read metrics").attributes
            token = next(each.value for each in page.controls if each.name == "csrf")
            await browser.post("/settings/integrations", [("csrf", token), ("enabled", "yes")])
            assert not gateway.settings.config.metrics.enabled
