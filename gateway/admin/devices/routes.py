"""Which address leads to which part of the pages of the devices; nothing happens here."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.devices.add_page import AddPages
from gateway.admin.devices.device_page import DevicePages
from gateway.admin.devices.list_page import ListPages
from gateway.admin.devices.office import Office, answering
from gateway.admin.devices.people_page import PeoplePages
from gateway.admin.devices.settings_page import SettingsPages
from gateway.admin.shell import Handler, redirect
from gateway.operations.devices.people import DevicePeople

_DEVICE = "/devices/{id}"
_WAITING = "/devices/waiting/{id}"


def add_device_pages(app: web.Application, office: Office, people: DevicePeople) -> DevicePages:
    """Add everything under /devices to `app`, but the calls of a device."""
    listed, device = ListPages(office), DevicePages(office)
    adding = AddPages(office, device.begin_test)
    settings, directory = SettingsPages(office), PeoplePages(office, people)
    pages: tuple[tuple[str, str, Handler], ...] = (
        ("GET", "/devices", listed.get),
        ("POST", "/devices/allow", listed.allow),
        ("GET", "/devices/allow", _to_the_list),
        ("GET", _WAITING, listed.stranger),
        ("POST", f"{_WAITING}/add", listed.add),
        ("POST", f"{_WAITING}/ignore", listed.ignore),
        ("POST", f"{_WAITING}/heed", listed.heed),
        ("POST", f"{_WAITING}/dismiss", listed.dismiss),
        ("GET", "/devices/add", adding.types),
        ("POST", "/devices/add", adding.add),
        ("GET", "/devices/add/name", adding.name),
        ("GET", "/devices/add/connect", adding.connect),
        ("GET", _DEVICE, device.get),
        ("POST", f"{_DEVICE}/test", device.test),
        ("GET", f"{_DEVICE}/trial", device.trial),
        ("POST", f"{_DEVICE}/pause", device.pause),
        ("POST", f"{_DEVICE}/resume", device.resume),
        ("POST", f"{_DEVICE}/trust", device.trust),
        ("POST", f"{_DEVICE}/believe", device.believe),
        ("GET", f"{_DEVICE}/key", device.key_page),
        ("POST", f"{_DEVICE}/key", device.new_key),
        ("GET", f"{_DEVICE}/connect", device.connect),
        ("GET", f"{_DEVICE}/first-call", device.first_call),
        ("POST", f"{_DEVICE}/simulate", device.simulate),
        ("GET", f"{_DEVICE}/remove", device.remove_page),
        ("POST", f"{_DEVICE}/remove", device.remove),
        ("GET", f"{_DEVICE}/settings", settings.get),
        ("POST", f"{_DEVICE}/settings", settings.save),
        ("GET", f"{_DEVICE}/directory", directory.get),
        ("GET", f"{_DEVICE}/directory.csv", directory.export),
        ("POST", f"{_DEVICE}/directory/put", directory.put),
        ("POST", f"{_DEVICE}/directory/drop", directory.drop),
        ("POST", f"{_DEVICE}/directory/look", directory.look),
        ("GET", f"{_DEVICE}/directory/look", directory.to_the_page),
        ("POST", f"{_DEVICE}/directory/take", directory.take),
    )
    for method, path, handler in pages:
        office.shell.add(app, method, path, answering(office, handler))
    return device


async def _to_the_list(request: web.Request) -> web.Response:
    del request
    return redirect("/devices")
