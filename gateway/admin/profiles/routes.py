"""Which address leads to which page of the profiles; nothing happens here."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.profiles.look_pages import LookPages
from gateway.admin.profiles.office import ProfileOffice
from gateway.admin.profiles.write_pages import WritePages


def add_profile_pages(app: web.Application, office: ProfileOffice) -> None:
    """Add everything under /profiles to `app`."""
    shell, look, write = office.shell, LookPages(office), WritePages(office)
    one = "/profiles/{vendor}/{model}"
    shell.add(app, "GET", "/profiles", look.every)
    shell.add(app, "GET", "/profiles/new", write.new_form)
    shell.add(app, "POST", "/profiles/new", write.new)
    shell.add(app, "GET", one, look.one)
    shell.add(app, "GET", f"{one}/examples", look.examples)
    shell.add(app, "GET", f"{one}/file", look.download)
    shell.add(app, "GET", f"{one}/bundle", look.contribute)
    shell.add(app, "POST", f"{one}/test", look.test)
    shell.add(app, "GET", f"{one}/test", write.to_the_page)
    shell.add(app, "GET", f"{one}/copy", write.copy_form)
    shell.add(app, "POST", f"{one}/copy", write.copy)
    shell.add(app, "GET", f"{one}/edit", write.edit)
    shell.add(app, "POST", f"{one}/edit", write.save)
    shell.add(app, "POST", f"{one}/check", write.check)
    shell.add(app, "GET", f"{one}/check", write.to_the_page)
