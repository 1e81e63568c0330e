"""Ways to the codes G-101 to G-118: what is entered in card 1 of the Google page, typed or as a file."""

from __future__ import annotations

import json

from gateway.config import GoogleEndpoints
from tests.contract.every_code.scene import Scene
from tests.contract.every_code.ways import reaches
from tests.journey.page_office import CLIENT_ID, EMAIL, SECRET, desktop, web_client
from tests.journey.plain_browser import Page

PUBLIC = "https://pbx.example.com/oauth/google/callback"
THIRD = "https://third.example.com/callback"


async def refused(scene: Scene, **typed: str) -> Page:
    """Save what was typed, beside a Client ID and a Client Secret that are right."""
    desk = await scene.open()
    with desk.refused_here():
        page = await desk.browser.press("Save", **{"client_id": CLIENT_ID, "client_secret": SECRET, **typed})
    assert page.status == 422
    return page


async def refused_file(scene: Scene, data: bytes) -> Page:
    desk = await scene.open()
    with desk.refused_here():
        page = await desk.browser.press("Save", files={"file": data})
    assert page.status == 422
    return page


@reaches("G-101", "card 1: Save with an empty Client ID")
async def no_id(scene: Scene) -> Page:
    return await refused(scene, client_id="")


@reaches("G-102", "card 1: Save with ID and secret in each other's field")
async def swapped(scene: Scene) -> Page:
    return await refused(scene, client_id=SECRET, client_secret=CLIENT_ID)


@reaches("G-103", "card 1: Save with half a Client ID, at Google's own address")
async def half_an_id(scene: Scene) -> Page:
    desk = await scene.open({"token": GoogleEndpoints().token})  # which nothing is sent to
    with desk.refused_here():
        return await desk.browser.press("Save", client_id="1234-abc.apps.googleuser", client_secret=SECRET)


@reaches("G-104", "card 1: Save with an empty Client Secret")
async def no_secret(scene: Scene) -> Page:
    return await refused(scene, client_secret="")


@reaches("G-105", "card 1: Save with dots as Client Secret")
async def dots(scene: Scene) -> Page:
    return await refused(scene, client_secret="••••••••cret")


@reaches("G-106", "card 1: Save with spaces around the Client ID")
async def spaces(scene: Scene) -> Page:
    desk = await scene.open()
    page = await desk.browser.press("Save", client_id=f"  {CLIENT_ID} \t", client_secret=SECRET)
    assert desk.gateway.stored.apps.current().client_id == CLIENT_ID
    return page


@reaches("G-107", "card 1: Save with an http redirect address")
async def plain_http(scene: Scene) -> Page:
    return await refused(scene, redirect_uri="http://pbx.example.com/callback")


@reaches("G-108", "card 1: Save with a redirect address of the office network", "addresses like 192.168.4.2.")
async def network_address(scene: Scene) -> Page:
    return await refused(scene, redirect_uri="https://192.168.4.2/callback")


@reaches("G-109", "card 1: Save with a '#' in the redirect address", "Remove '#' and what follows it from the address.")
async def fragment(scene: Scene) -> Page:
    return await refused(scene, redirect_uri="https://pbx.example.com/callback#top")


@reaches("G-110", "card 1: upload of a page instead of the file")
async def no_json(scene: Scene) -> Page:
    return await refused_file(scene, b"<html><h1>Sign in</h1></html>")


@reaches("G-111", "card 1: upload of a service account's key")
async def service_account(scene: Scene) -> Page:
    scene.hidden.add("-----BEGIN PRIVATE KEY-----")
    key = {"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----", "client_email": "a@b.example"}
    return await refused_file(scene, json.dumps(key).encode())


@reaches("G-112", "card 1: upload of a stored sign-in")
async def stored_sign_in(scene: Scene) -> Page:
    scene.hidden.add("1//0refresh-token")
    return await refused_file(
        scene, json.dumps({"type": "authorized_user", "refresh_token": "1//0refresh-token"}).encode()
    )


@reaches("G-113", "card 1: upload of a Web client without redirect addresses")
async def web_without_addresses(scene: Scene) -> Page:
    desk = await scene.open()
    page = await desk.browser.press("Save", files={"file": web_client()})
    assert desk.gateway.stored.apps.current().kind == "web"
    return page


@reaches("G-114", "card 1: upload of a Web client, with an address that is not in it", f"add {THIRD} to the client")
async def other_addresses(scene: Scene) -> Page:
    desk = await scene.open()
    file = web_client(PUBLIC, "https://other.example.com/callback")
    with desk.refused_here():
        page = await desk.browser.press("Save", files={"file": file}, redirect_uri=THIRD)
    listed = [each.value for each in page.controls if each.name == "address"]
    assert listed == [PUBLIC, "https://other.example.com/callback", "mine"]
    return page


@reaches("G-115", "card 1: upload of a Desktop client")
async def desktop_client(scene: Scene) -> Page:
    desk = await scene.open()
    page = await desk.browser.press("Save", files={"file": desktop()})
    assert desk.gateway.stored.apps.current().kind == "installed"
    return page


@reaches("G-116", "card 1: Save of another client while an account is authorized", f"authorization of {EMAIL}.")
async def client_in_use(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.connect()
    scene.hidden.add("GOCSPX-other-secret-1")
    other = {"client_id": "1-other.apps.googleusercontent.com", "client_secret": "GOCSPX-other-secret-1"}
    with desk.refused_here():
        return await desk.browser.press("Save", **other)


@reaches(
    "G-117",
    "card 1: upload of another client than the one of the settings",
    "Set by environment variable GATEWAY_TEST. Change it there and restart the gateway.",
)
async def set_elsewhere(scene: Scene) -> Page:
    desk = await scene.open(client_id=CLIENT_ID)
    with desk.refused_here():
        return await desk.browser.press("Save", files={"file": desktop(client_id="1-x.apps.googleusercontent.com")})


@reaches("G-118", "card 1: Save while the disk is full", "is full. Free some space;")
async def full_disk(scene: Scene) -> Page:
    desk = await scene.open()
    await desk.full_disk()
    with desk.refused_here():
        return await desk.browser.press("Save", client_id=CLIENT_ID, client_secret=SECRET)
