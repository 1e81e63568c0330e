"""What was saved on the page: the weakest of the settings, kept in one file of the data folder.

A file, because settings are read before the database is opened, and by commands that never open it. Which settings the
page offers is decided here; what they mean, and whether they are right, is decided where those of `config.yaml` are.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from gateway.config.shape import default_at, dotted, is_section, kind_at, paths
from gateway.config.tree import Origin, Strength, Tree
from gateway.domain.secret import Secret
from gateway.errors import GatewayError
from gateway.messages.languages import tr
from gateway.yaml_source import DataPath, Place, YamlError, read_file

if TYPE_CHECKING:
    from gateway.config import Config

SAVED: Final = "saved on the page"
FILE_NAME: Final = "saved.yaml"
ASIDE_NAME: Final = "saved.yaml.set-aside"
SEALED: Final = "sealed:"
"""What begins a secret in the file; the rest was sealed by the vault."""

PARTS: Final = (
    "gateway.name",
    "gateway.time_zone",
    "gateway.language",
    "gateway.clock",
    "gateway.week_begins",
    "gateway.public_url",
    "gateway.listen",
    "gateway.listen_tls",
    "google.refresh_every_s",
    "discovery.announce",
    "discovery.browse",
    "integrations.public_api_page",
    "logging.level",
    "meetings.title",
    "meetings.description",
    "meetings.reminders",
    "meetings.visibility",
    "meetings.show_pins",
    "metrics.enabled",
    "notifications.email",
    "notifications.webhook",
    "notifications.syslog",
    "network.proxy",
    "network.root_certificate",
    "network.trusted_proxies",
)
"""What may be saved on the page: settings, and sections that are taken as a whole or not at all."""

Unseal: TypeAlias = Callable[[Path, str], str]
"""The data folder and what the vault sealed, to the text itself. Raises GatewayError."""

_HEAD = """\
# Saved on the admin page. Change it there: the gateway writes this file anew whenever somebody saves.
# The command line, environment variables, .env and config.yaml are stronger than what stands here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The file as it was read: values by dotted key (a secret as it was sealed), and what was wrong with it."""

    path: Path
    values: Mapping[str, object] = field(default_factory=dict, repr=False)
    places: Mapping[DataPath, Place] = field(default_factory=dict, repr=False)
    problems: tuple[str, ...] = ()


def read_saved(data_dir: Path) -> Saved:
    """Read the file; one that is not there says nothing, one that cannot be read says why. Raises nothing."""
    path = data_dir / FILE_NAME
    try:
        document = read_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return Saved(path=path)
    except OSError as error:
        text = tr("the file cannot be read (%(reason)s)", reason=error.strerror)
        return Saved(path=path, problems=(f"{path}: {text}",))
    except YamlError as error:
        lines = (f"{path}:{found.place.line}:{found.place.column}: {found.text}" for found in error.problems)
        return Saved(path=path, problems=tuple(lines))
    if document.data is None:
        return Saved(path=path)
    if not isinstance(document.data, dict):
        text = tr("the file must consist of lines such as 'gateway.name: value'")
        return Saved(path=path, problems=(f"{path}:1:1: {text}",))
    return Saved(path=path, values=document.data, places=document.places)


def write_saved(data_dir: Path, values: Mapping[str, object], *, keep_old: bool = False) -> None:
    """Write the file (0600) so that either the old or the new one is there, also after a power cut. Raises OSError.

    With `keep_old` what stood there, which could not be used, is set aside under `ASIDE_NAME`.
    """
    import json  # when somebody saves; reading goes without it

    path = data_dir / FILE_NAME
    made = path.with_name(f"{FILE_NAME}.new")
    lines = "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in sorted(values.items()))
    try:
        made.unlink(missing_ok=True)
        handle = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HEAD + lines)
            file.flush()
            os.fsync(file.fileno())
        if keep_old:
            with contextlib.suppress(FileNotFoundError):
                path.replace(path.with_name(ASIDE_NAME))
        made.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            made.unlink(missing_ok=True)
        raise
    folder = os.open(data_dir, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def part_of(key: str) -> str:
    """Return the part that a setting (dotted) belongs to, empty when the page does not offer it."""
    return next((part for part in PARTS if key == part or key.startswith(f"{part}.")), "")


def keys_of(root: type, part: str) -> tuple[str, ...]:
    """Return the settings that a part is made of."""
    every = (path for path in paths(root, {}) if not is_section(kind_at(root, path)))
    return tuple(dotted(path) for path in every if part_of(dotted(path)) == part)


def lock_of(sources: Mapping[str, str], part: str) -> str:
    """Return the first setting of a part that is set somewhere stronger, empty when the page may save the part."""
    for key, source in sources.items():
        if part_of(key) == part and source not in ("default", SAVED):
            return key
    return ""


def lay_under(config: Config, saved: Saved, unseal: Unseal | None) -> Config:
    """Return the settings with what was saved where nothing stronger says anything.

    Whatever of it cannot be used is left out, with a line in `saved_problems`; it never keeps a gateway from starting.
    """
    known = {key: value for key, value in saved.values.items() if part_of(key)}
    problems = [*saved.problems, *(_strange(saved, key) for key in saved.values if key not in known)]
    left = {key: value for key, value in known.items() if not lock_of(config.sources, part_of(key))}
    bad: set[str] = set()
    while left:
        tree = _planted(type(config), saved, left, config.gateway.data_dir, unseal)
        read = _read_or_not(tree, type(config))
        if read is not None:
            config = _taken(config, read, left)
            break
        problems += [problem.line for problem in sorted(tree.problems)]
        bad |= {part_of(dotted(path)) for path in tree.refused} or set(PARTS)
        fewer = {key: value for key, value in left.items() if part_of(key) not in bad and "" not in bad}
        left = fewer if len(fewer) < len(left) else {}
    return replace(config, saved_problems=tuple(problems))


def problems_of(config: Config, values: Mapping[str, object], unseal: Unseal | None) -> list[str]:
    """Return what is wrong with values before they are saved, each line beginning with the setting."""
    saved = Saved(path=Path(FILE_NAME), values=values)
    tree = _planted(type(config), saved, values, config.gateway.data_dir, unseal)
    _read_or_not(tree, type(config))
    lead = f"{saved.path}:1:1: "
    return [problem.line.removeprefix(lead) for problem in sorted(tree.problems)]


def without_saved(config: Config) -> Config:
    """Return the settings as they would be if nothing had been saved."""
    from_page = {part_of(key) for key, source in config.sources.items() if source == SAVED}
    for part in from_page - {""}:
        path = tuple(part.split("."))
        config = _with(config, path, default_at(type(config), path))
    sources = {key: "default" if source == SAVED else source for key, source in config.sources.items()}
    return replace(config, sources=sources, saved_problems=())


def _strange(saved: Saved, key: str) -> str:
    place = saved.places.get((key,), Place(1, 1))
    return f"{saved.path}:{place.line}:{place.column}: " + tr("%(key)s is not saved on the page", key=key)


def _planted(root: type, saved: Saved, values: Mapping[str, object], data_dir: Path, unseal: Unseal | None) -> Tree:
    tree = Tree(root=root)
    for key, value in values.items():
        path: DataPath = tuple(key.split("."))
        place = saved.places.get((key,), Place(1, 1))
        lead = f"{saved.path}:{place.line}:{place.column}:"
        origin = Origin(strength=Strength.FILE, lead=lead, source=SAVED, place=place)
        if kind_at(root, path) is not Secret:
            tree.put(path, value, origin)
            continue
        try:
            tree.put(path, Secret(_opened(value, data_dir, unseal)), origin)
        except GatewayError:
            tree.note(origin, tr("%(key)s was sealed with another key file; enter it again on the page", key=key))
            tree.refused.add(path)
    return tree


def _opened(value: object, data_dir: Path, unseal: Unseal | None) -> str:
    if unseal is None or not isinstance(value, str) or not value.startswith(SEALED):
        raise GatewayError("it is not sealed")
    return unseal(data_dir, value.removeprefix(SEALED))


def _read_or_not(tree: Tree, root: type[Config]) -> Config | None:
    from gateway.config.reader import read  # with cattrs, which a gateway on which nobody saved anything does not need
    from gateway.config.relations import check

    if tree.problems:
        return None
    config = read(tree, root)
    if config is not None:
        check(tree)
    return None if tree.problems else config


def _taken(config: Config, read: Config, keys: Iterable[str]) -> Config:
    sources = dict(config.sources)
    for part in dict.fromkeys(part_of(key) for key in keys):
        path = tuple(part.split("."))
        value: Any = read
        for step in path:
            value = getattr(value, step)
        config = _with(config, path, value)
    sources.update(dict.fromkeys(keys, SAVED))
    return replace(config, sources=sources)


def _with(section: Any, path: tuple[str, ...], value: object) -> Any:
    """Return a section with one value in it, or in a section below, replaced."""
    below = value if len(path) == 1 else _with(getattr(section, path[0]), path[1:], value)
    return replace(section, **{path[0]: below})
