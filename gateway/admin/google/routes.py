"""Which address leads to which part of the Google pages, the callback and the help pages; nothing happens here."""

from __future__ import annotations

from aiohttp import web

from gateway.admin.google.app_card import AppCard
from gateway.admin.google.calendar_card import CalendarForms
from gateway.admin.google.callback import Callback
from gateway.admin.google.endings import Disconnect, ErrorPageHelper
from gateway.admin.google.page import GooglePage, Office
from gateway.admin.google.sign_in_cards import SignInCards
from gateway.admin.help_pages import HelpPages
from gateway.admin.shell import redirect


def add_google_pages(app: web.Application, office: Office) -> None:
    """Add everything under /google, /oauth/google and /help to `app`."""
    page = GooglePage(office)
    card_1, cards_2_3, card_4 = AppCard(page), SignInCards(page), CalendarForms(page)
    disconnect, helper = Disconnect(page), ErrorPageHelper(page)
    forms = {
        "/google/app": card_1.save,
        "/google/app/reset": card_1.reset,
        "/google/app/again": card_1.again,
        "/google/app/pasted": card_1.pasted,
        "/google/start": cards_2_3.start,
        "/google/code": cards_2_3.finish,
        "/google/use": cards_2_3.use,
        "/google/cancel": cards_2_3.cancel,
        "/google/calendar": card_4.save,
        "/google/check": card_4.check,
        "/google/test-meeting": card_4.send,
        "/google/test-meeting/delete": card_4.delete,
    }
    shell = office.shell
    shell.add(app, "GET", "/google", page.get)
    shell.add(app, "GET", "/google/standing", page.standing)
    shell.add(app, "POST", "/google/recognise", cards_2_3.recognise)
    for path, handler in forms.items():
        shell.add(app, "POST", path, handler)
        # Who reloads or bookmarks the answer to a form gets the page itself.
        shell.add(app, "GET", path, _to_the_page)
    shell.add(app, "GET", "/google/link", cards_2_3.link)
    shell.add(app, "POST", "/google/link", cards_2_3.make_link)
    shell.add(app, "GET", "/google/disconnect", disconnect.get)
    shell.add(app, "POST", "/google/disconnect", disconnect.post)
    shell.add(app, "GET", "/google/error-page", helper.get)
    shell.add(app, "POST", "/google/error-page", helper.post)
    callback, help_pages = Callback(page), HelpPages(shell)
    shell.add(app, "GET", "/oauth/google/callback", callback.get, public=True)
    shell.add(app, "GET", "/google/returned/{ticket}", callback.returned, public=True)
    shell.add(app, "GET", "/help", help_pages.index, public=True)
    shell.add(app, "GET", "/help/guide", help_pages.guide, public=True)
    shell.add(app, "GET", "/help/changes", help_pages.changes)
    shell.add(app, "GET", "/help/{code}", help_pages.code, public=True)


async def _to_the_page(request: web.Request) -> web.Response:
    del request
    return redirect("/google")
