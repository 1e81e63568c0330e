"""Rules between settings: what must fit together, and what makes another required; no single value is judged here."""

from __future__ import annotations

from gateway.config.reader import note
from gateway.config.shape import default_at, dotted
from gateway.config.sources import variables
from gateway.config.tree import Tree
from gateway.config.values import Refused, is_loopback
from gateway.domain.secret import Secret
from gateway.messages.languages import tr
from gateway.yaml_source import DataPath

_CLIENT_ID = ("google", "client_id")
_CLIENT_SECRET = ("google", "client_secret")
_TOKEN = ("google", "endpoints", "token")
_MAIL: DataPath = ("notifications", "email")
_PROXY: DataPath = ("network", "proxy")
_ALERTS_WEBHOOK: DataPath = ("notifications", "webhook")
_ID_ENDING = ".apps.googleusercontent.com"


def check(tree: Tree) -> None:
    """Add a problem for each broken relation between settings that are acceptable one by one."""
    _check_waits(tree)
    _check_client(tree)
    _check_device_ids(tree)
    _check_device_keys(tree)
    _check_webhooks(tree)
    _check_mail(tree)
    _check_proxy(tree)
    _check_service_account(tree)


def _effective(tree: Tree, path: DataPath) -> object:
    """The value that will be used, or None while it is not known."""
    if not tree.usable(path):
        return None
    value = tree.value(path)
    return default_at(tree.root, path) if value is None else value


def _check_waits(tree: Tree) -> None:
    first, cap = ("limits", "retry_first_s"), ("limits", "retry_cap_s")
    first_s, cap_s = _effective(tree, first), _effective(tree, cap)
    if isinstance(first_s, int | float) and isinstance(cap_s, int | float) and cap_s < first_s:
        blamed = cap if tree.value(cap) is not None else first
        words = (
            tr("must be at least limits.retry_first_s (%(n)s)", n=first_s)
            if blamed == cap
            else tr("must be at most limits.retry_cap_s (%(n)s)", n=cap_s)
        )
        note(tree, blamed, Refused(words))


def _check_client(tree: Tree) -> None:
    client_id, secret = _effective(tree, _CLIENT_ID), _effective(tree, _CLIENT_SECRET)
    secret_is_id = isinstance(secret, Secret) and secret.reveal().endswith(_ID_ENDING)
    id_is_secret = isinstance(client_id, str) and client_id.startswith("GOCSPX-")
    if secret_is_id or id_is_secret:
        text = tr(
            ": Client ID and Client Secret are swapped. The secret starts with GOCSPX-, the ID ends with %(ending)s.",
            ending=_ID_ENDING,
        )
        note(tree, _CLIENT_ID if id_is_secret else _CLIENT_SECRET, Refused(f"{text} (G-102)"))
    elif isinstance(client_id, str) and not client_id.endswith(_ID_ENDING) and _at_google(tree):
        text = tr(
            ": This Client ID is not complete. It must end with %(ending)s. Copy it again with Google's copy button.",
            ending=_ID_ENDING,
        )
        note(tree, _CLIENT_ID, Refused(f"{text} (G-103)"))


def _at_google(tree: Tree) -> bool:
    """Simulators have client ids of other forms."""
    return _effective(tree, _TOKEN) == default_at(tree.root, _TOKEN)


def _device_paths(tree: Tree) -> list[DataPath]:
    devices = tree.value(("devices",))
    return [("devices", index) for index in range(len(devices) if isinstance(devices, list) else 0)]


def _check_device_ids(tree: Tree) -> None:
    first: dict[str, DataPath] = {}
    for device in _device_paths(tree):
        path: DataPath = (*device, "id")
        device_id = tree.value(path)
        if not isinstance(device_id, str) or not tree.usable(path):
            continue
        other = first.setdefault(device_id, path)
        if other != path:
            text = tr(
                "must differ from %(other)s (%(place)s); both are %(id)s",
                other=dotted(other),
                place=tree.source(other),
                id=repr(device_id),
            )
            note(tree, path, Refused(text, shows_value=False))


def _check_device_keys(tree: Tree) -> None:
    """A device that calls needs a key, one that is asked a password."""
    names = variables(tree)
    for device in _device_paths(tree):
        if not isinstance(tree.value(device), dict):
            continue
        asked = tree.value((*device, "poll")) is not None
        path: DataPath = (*device, "poll", "password") if asked else (*device, "key")
        if tree.usable(path) and tree.value(path) is None:
            text = _required(names[path])
            hint = "" if asked else tr(" ('meeting-gateway init' makes one)")
            note(tree, path, Refused(text, shows_value=False, hint=hint))


def _check_webhooks(tree: Tree) -> None:
    """Who is told by webhook must be able to see that it is us."""
    devices = [(*device, "webhook") for device in _device_paths(tree) if isinstance(tree.value(device), dict)]
    for webhook in (*devices, _ALERTS_WEBHOOK):
        if tree.value(webhook) is not None:
            _require_secret(tree, (*webhook, "secret"))


def _check_mail(tree: Tree) -> None:
    """Who signs in at the mail server needs a password, and nobody sends one in clear to another machine."""
    if tree.value((*_MAIL, "user")) is None:
        return
    _require_secret(tree, (*_MAIL, "password"))
    server, security = tree.value((*_MAIL, "server")), tree.value((*_MAIL, "security"))
    if security == "none" and isinstance(server, str) and not is_loopback(f"http://{server}"):
        text = tr(": Without encryption the password would be readable on the network. Use starttls or tls.")
        note(tree, (*_MAIL, "security"), Refused(text))


def _check_proxy(tree: Tree) -> None:
    """Who has a name at the proxy has a password there."""
    if tree.value((*_PROXY, "user")) is not None:
        _require_secret(tree, (*_PROXY, "password"))


def _check_service_account(tree: Tree) -> None:
    """A service account writes into the calendar of a person; whose has to be said."""
    file, user = ("google", "service_account_file"), ("google", "service_account_user")
    if tree.usable(file) and tree.value(file) is not None and tree.usable(user) and tree.value(user) is None:
        text = tr("needs google.service_account_user: the person in whose calendar it writes")
        note(tree, file, Refused(text, shows_value=False))


def _require_secret(tree: Tree, path: DataPath) -> None:
    if tree.usable(path) and tree.value(path) is None:
        note(tree, path, Refused(_required(variables(tree)[path]), shows_value=False))


def _required(variable: str) -> str:
    return tr("is required; write %(name)s=... into .env, or set that environment variable", name=variable)
