"""Which settings a gateway goes on with whose configuration is broken: where its data is, and where it listened.

Of the copy of the last working file only what a page needs is read: the name, the addresses, the limits, the log, and
who is told that something is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gateway.config import Config, GatewaySection
from gateway.config.last_good import LastGood, file_in_use, read, text_of
from gateway.config.saved import Unseal, lay_under, read_saved
from gateway.config.tree import COMMAND_LINE, Tree
from gateway.errors import ConfigError

_SECTIONS = frozenset({"version", "gateway", "limits", "logging", "notifications"})
_NOTIFICATIONS = "notifications"
_DATA_DIR = re.compile(r"""^(?:[^#\n]*[\s{,])?data_dir *: *["']?([^"'#,{}\n]+)""", re.MULTILINE)
_FOLDER = ("gateway", "data_dir")


def last_good(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> LastGood | None:
    """Return the copy of the last working file, looked for in the data folder that the broken settings still name."""
    return read(data_dir(path, environ, overrides))


def data_dir(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Path:
    """Return the data folder of settings that may be broken, absolute: what can be read of it, else the default."""
    from gateway.config.sources import gather

    file = file_in_use(path)
    found: object = None
    try:
        tree = gather(Config, file if file.exists() else None, environ, overrides, beside=file.parent)
    except ConfigError:
        tree = gather(Config, None, environ, overrides, beside=file.parent)
        found = _in_text(file)
    said = tree.value(_FOLDER) or found
    folder = Path(said) if isinstance(said, str) and said and said.isprintable() else GatewaySection().data_dir
    from_command_line = tree.source(_FOLDER) == COMMAND_LINE
    return ((Path() if from_command_line else file.parent) / folder).absolute()


def last_working(
    copy: LastGood,
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
    unseal: Unseal | None = None,
) -> Config:
    """Return name, addresses, limits, log level and alerts of the last working file, with what is stronger than it.

    Where the mistake stands in what is stronger, that is left out; so is who is told, where it cannot be used.
    Raises ConfigError when nothing can be read.
    """
    file, folder = file_in_use(path), copy.path.parent
    sure = {"gateway.data_dir": str(folder)}
    every = {**overrides, **sure}
    nothing: Mapping[str, str] = {}
    for words in (every, sure):
        for variables, beside in ((environ, file.parent), (nothing, folder)):
            config = _lenient(copy.path, beside, variables, words)
            if config is not None:
                section = replace(config.gateway, data_dir=folder, profiles_dir=None)
                return lay_under(replace(config, gateway=section, path=file), read_saved(folder), unseal)
    raise ConfigError([f"{copy.path}: the copy of the last working settings cannot be used"])


def _lenient(copy: Path, beside: Path, environ: Mapping[str, str], overrides: Mapping[str, object]) -> Config | None:
    """Read the sections that are needed, whatever else is wrong; None when they cannot be read."""
    from gateway.config.reader import read as structured
    from gateway.config.relations import check
    from gateway.config.sources import gather

    tree: Tree = gather(Config, copy, environ, overrides, beside=beside)
    tree.data = {name: value for name, value in tree.data.items() if name in _SECTIONS}
    while True:
        config = structured(tree, Config)
        check(tree)
        if not _without_strange_channels(tree):
            break
    if config is None:
        return None
    return replace(config, sources={".".join(map(str, path)): tree.source(path) for path in tree.origins})


def _without_strange_channels(tree: Tree) -> bool:
    """Take out each way of telling people that cannot be used, or must not; return whether there was one."""
    told = tree.data.get(_NOTIFICATIONS)
    strange = {path[1] for path in tree.refused if path[0] == _NOTIFICATIONS and len(path) > 1}
    if isinstance(told, dict) and strange & set(told):
        tree.data[_NOTIFICATIONS] = {name: value for name, value in told.items() if name not in strange}
        return True
    if told is not None and not isinstance(told, dict):
        del tree.data[_NOTIFICATIONS]
        return True
    return False


def _in_text(file: Path) -> str:
    """Return the folder of a file that is no YAML, by the line that names it; empty when there is none."""
    text = text_of(file)
    found = _DATA_DIR.search(text.decode("utf-8", "replace")) if text else None
    return found[1].strip() if found is not None else ""
