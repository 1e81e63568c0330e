"""The console under `/_sim/console` and the download of credentials files; how it looks: `console_page`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import cast

from aiohttp import web

from simulator.google.client_file import credentials, file_name
from simulator.google.consent_pages import CONSOLE_PATH
from simulator.google.console_page import console_page
from simulator.google.errors import PROJECT_NUMBER
from simulator.google.identities import ClientKind, Publishing, redirect_problem
from simulator.google.portal import PORTAL_PATH, guest_network_page
from simulator.google.project_verbs import CannotDo
from simulator.google.state import GoogleState
from simulator.google.usecases import UseCases
from simulator.google.wire import Reply, html_reply

Fields = Mapping[str, str]


class Console:
    """The handlers; after every button the page is shown anew and says what was done."""

    def __init__(self, state: GoogleState, do: UseCases) -> None:
        self._state = state
        self._do = do

    def routes(self) -> list[web.RouteDef]:
        """The page, its buttons, the files and the guest network's page."""
        return [
            web.get(CONSOLE_PATH, self._show),
            web.post(CONSOLE_PATH, self._press),
            web.get("/_sim/clients/{client_id}/client_secret.json", self._file),
            web.get(PORTAL_PATH, self._portal),
        ]

    async def _show(self, request: web.Request) -> web.Response:
        del request
        return _sent(html_reply(console_page(self._state, self._state.console_note)))

    async def _portal(self, request: web.Request) -> web.Response:
        del request
        return _sent(html_reply(guest_network_page()))

    async def _press(self, request: web.Request) -> web.Response:
        fields = {name: value.strip() for name, value in (await request.post()).items() if isinstance(value, str)}
        if fields.get("do") == "service_key":
            return self._service_key(fields)
        button = self._buttons().get(fields.get("do", ""))
        try:
            self._state.console_note = "There is no such button." if button is None else button(fields)
        except CannotDo as error:
            self._state.console_note = str(error)
        except KeyError:
            self._state.console_note = "There is no such client, account or calendar any more."
        return web.Response(status=303, headers={"Location": CONSOLE_PATH})

    async def _file(self, request: web.Request) -> web.Response:
        client = self._state.clients.get(request.match_info["client_id"])
        if client is None:
            return web.json_response({"error": "There is no such client."}, status=404)
        return _download(credentials(client, self._state.base), file_name(client))

    def _service_key(self, fields: Fields) -> web.Response:
        """The private key is in the file that is downloaded at once and nowhere else."""
        try:
            content = self._do.create_service_account(fields.get("name", ""))
        except CannotDo as error:
            self._state.console_note = str(error)
            return web.Response(status=303, headers={"Location": CONSOLE_PATH})
        return _download(content, f"{content['project_id']}-{content['private_key_id'][:12]}.json")

    def _delegate(self, fields: Fields) -> str:
        account = self._do.delegate(fields.get("email", ""), fields.get("scopes", "").replace(",", " ").split())
        return f"{account.email} may act for everybody with {len(account.delegated)} scopes."

    def _buttons(self) -> Mapping[str, Callable[[Fields], str]]:
        return {
            "plan": self._plan,
            "create": self._create,
            "add_secret": self._add_secret,
            "delete_secret": self._delete_secret,
            "add_redirect": self._add_redirect,
            "remove_redirect": self._remove_redirect,
            "audience": self._audience,
            "trust": self._trust,
            "delete": self._delete,
            "api": self._api,
            "account": self._account,
            "revoke": self._revoke,
            "calendar_user": self._calendar_user,
            "access": self._access,
            "delegate": self._delegate,
        }

    def _plan(self, fields: Fields) -> str:
        outcome = fields.get("outcome") or None
        self._do.set_consent(outcome, times=1 if fields.get("times") else None)
        return "Sign-ins end as pressed on the page." if outcome is None else f"Planned: {outcome}."

    def _create(self, fields: Fields) -> str:
        client_id = self._state.minter.client_id(PROJECT_NUMBER)
        kind = "web" if fields.get("kind") == "web" else "installed"
        uri = fields.get("uri", "")
        if uri and kind == "web":
            _check(uri)
        name = fields.get("name") or "Meeting gateway"
        client = self._do.set_client(
            client_id, kind=cast("ClientKind", kind), name=name, redirect_uris=[uri] if uri and kind == "web" else []
        )
        return f"Created {client_id}. Its secret, shown only now: {client.secret}"

    def _add_secret(self, fields: Fields) -> str:
        made = self._do.add_secret(fields.get("client_id", ""))
        return f"The new secret, shown only now: {made['client_secret']}. The older one works until you delete it."

    def _delete_secret(self, fields: Fields) -> str:
        self._do.delete_secret(fields.get("client_id", ""))
        return "The older secret is deleted."

    def _add_redirect(self, fields: Fields) -> str:
        client, uri = self._state.clients[fields.get("client_id", "")], fields.get("uri", "")
        _check(uri)
        self._do.set_client(client.client_id, redirect_uris=[*client.redirect_uris, uri])
        return f"{uri} is registered. (Google takes 5 minutes to a few hours; the simulator none.)"

    def _remove_redirect(self, fields: Fields) -> str:
        client, uri = self._state.clients[fields.get("client_id", "")], fields.get("uri", "")
        self._do.set_client(client.client_id, redirect_uris=[one for one in client.redirect_uris if one != uri])
        return f"{uri} is not registered any more."

    def _audience(self, fields: Fields) -> str:
        publishing = fields.get("publishing", "")
        if publishing not in ("internal", "production", "testing"):
            raise CannotDo("The audience must be internal, production or testing.")
        client = self._state.clients[fields.get("client_id", "")]
        self._do.set_client(
            client.client_id,
            publishing=cast("Publishing", publishing),
            test_users=fields.get("test_users", "").split(),
            verified="unverified" not in fields,
        )
        return f"The audience of {client.client_id} is {publishing}."

    def _trust(self, fields: Fields) -> str:
        client = self._state.clients[fields.get("client_id", "")]
        self._do.set_client(client.client_id, trusted=not client.trusted)
        return f"The Workspace administrator {'trusts' if client.trusted else 'blocks'} {client.client_id}."

    def _delete(self, fields: Fields) -> str:
        client = self._state.clients[fields.get("client_id", "")]
        self._do.set_client(client.client_id, deleted=not client.deleted)
        return f"{client.client_id} is {'deleted' if client.deleted else 'restored'}."

    def _api(self, fields: Fields) -> str:
        del fields
        self._do.set_behaviour(api_enabled=not self._state.settings.api_enabled)
        return f"The Google Calendar API is {'on' if self._state.settings.api_enabled else 'off'}."

    def _account(self, fields: Fields) -> str:
        email = fields.get("email", "")
        if email in self._state.accounts or email.count("@") != 1 or not all(email.split("@")):
            raise CannotDo("Enter the e-mail address of somebody who is not here yet.")
        self._do.add_account(email)
        return f"{email} is added, with an empty calendar."

    def _revoke(self, fields: Fields) -> str:
        self._do.revoke(fields.get("email"))
        return f"The access to {fields.get('email')} is removed, for every client of the project."

    def _calendar_user(self, fields: Fields) -> str:
        account = self._state.accounts[fields.get("email", "")]
        self._do.set_calendar_user(not account.has_calendar, account.email)
        return f"Google Calendar of {account.email} is {'on' if account.has_calendar else 'off'}."

    def _access(self, fields: Fields) -> str:
        role = fields.get("role", "")
        self._do.set_access(fields.get("calendar_id", ""), role, fields.get("email"))
        return f"{fields.get('email')} is now {role} of {fields.get('calendar_id')}."


def _download(content: Mapping[str, object], name: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    text = json.dumps(content, separators=(",", ":"))
    return web.Response(text=text, content_type="application/json", headers=headers)


def _check(uri: str) -> None:
    problem = redirect_problem(uri)
    if problem is not None:
        raise CannotDo(f"{problem} ({uri})")


def _sent(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status, body=reply.body, headers={"Content-Type": reply.content_type, **reply.headers}
    )
