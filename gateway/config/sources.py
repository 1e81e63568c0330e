"""Reads what is set in the file, `.env`, the environment and the command line; what is valid is not decided here."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import TypeAlias

from gateway.config.shape import FILE_SUFFIX, PREFIX, dotted, is_section, item_section, kind_at, paths, variable
from gateway.config.tree import COMMAND_LINE, Origin, Problem, Strength, Tree
from gateway.config.values import did_you_mean
from gateway.domain.secret import Secret
from gateway.errors import ConfigError
from gateway.messages.languages import tr
from gateway.yaml_source import MAX_BYTES, DataPath, Document, Place, YamlError, plain_scalar, read_file


def gather(
    root: type,
    path: Path | None,
    environ: Mapping[str, str],
    overrides: Mapping[str, object],
    *,
    beside: Path | None = None,
) -> Tree:
    """Everything that is set anywhere, for the settings of `root`.

    `overrides` has dotted keys (`gateway.listen`, `devices.0.name`). `.env` is looked for in the folder `beside`, else
    where `path` is. `ConfigError` when the file cannot be read at all; other mistakes are in the tree.
    """
    tree = Tree(root=root)
    if path:
        _add_file(tree, path)
    dotenv = (beside or (path.parent if path else Path())) / ".env"
    _add_variables(tree, [*_dotenv_variables(tree, dotenv), *_environment_variables(environ)])
    origin = Origin(strength=Strength.COMMAND_LINE, lead=f"{COMMAND_LINE}:", source=COMMAND_LINE)
    for key, value in overrides.items():
        steps = tuple(int(step) if step.isdecimal() else step for step in key.split("."))
        tree.put(steps, str(value) if isinstance(value, Path) else value, origin)
    return tree


def variables(tree: Tree) -> dict[DataPath, str]:
    """The variable of each setting: with the device's id where that means this device alone, else with its index."""
    named = {meant[0]: name for name, meant in _all_names(tree, set()).items() if len(meant) == 1}
    return {path: named.get(path, variable(path)) for path in _all_paths(tree)}


def _add_file(tree: Tree, path: Path) -> None:
    document, problems = _read(path)
    tree.problems += problems
    if document is None:
        raise ConfigError([problem.line for problem in problems])
    for where, place in document.places.items():
        tree.origins[where] = Origin(
            strength=Strength.FILE,
            lead=f"{path}:{place.line}:{place.column}:",
            source=f"{path}:{place.line}",
            place=place,
        )
    if isinstance(document.data, dict):
        tree.data = document.data
    elif document.data is not None:
        tree.note(tree.origins[()], tr("the file must consist of sections such as 'gateway:'"))
    _refuse_secrets(tree)


def _read(path: Path) -> tuple[Document | None, list[Problem]]:
    try:
        return read_file(path), []
    except FileNotFoundError:
        text = tr("there is no such file; 'meeting-gateway init' writes one")
    except OSError as error:
        text = tr("the file cannot be read (%(reason)s); check its owner and permissions", reason=error.strerror)
    except YamlError as error:
        return error.partial, [
            Problem(Strength.FILE, found.place, f"{path}:{found.place.line}:{found.place.column}: {found.text}")
            for found in error.problems
        ]
    return None, [Problem(Strength.FILE, Place(1, 1), f"{path}: {text}")]


def _refuse_secrets(tree: Tree) -> None:
    secrets = [each for each in tree.origins if kind_at(tree.root, each) is Secret]
    names = variables(tree) if secrets else {}
    for path in secrets:
        if tree.value(path) is not None:
            text = tr(
                "%(key)s is a secret and does not belong in this file; write it as %(variable)s=... into .env, or set "
                "that environment variable",
                key=dotted(path),
                variable=names[path],
            )
            tree.note(tree.origins[path], text)
            tree.refused.add(path)
        tree.remove(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Variable:
    """One `GATEWAY_...` variable as it was found; a relative path in it starts at `folder`.

    `about` comes before a text about the variable itself: its name, unless the origin has named it already.
    """

    name: str
    text: str = field(repr=False)
    origin: Origin
    folder: Path
    about: str = ""


def _environment_variables(environ: Mapping[str, str]) -> Iterator[_Variable]:
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX):
            source = f"environment {name}"
            origin = Origin(strength=Strength.ENVIRONMENT, lead=f"{source}:", source=source)
            yield _Variable(name=name, text=text, origin=origin, folder=Path())


def _dotenv_variables(tree: Tree, path: Path) -> Iterator[_Variable]:
    """The variables of a `.env` file, without interpolation; those of other programs are passed over."""
    text = _dotenv_text(tree, path)
    if not text:
        return
    from dotenv.parser import parse_stream  # not `dotenv_values`, which knows no line numbers

    seen: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        written = binding.original.string
        line = binding.original.line + len(re.findall(r"\r\n|\r|\n", written[: len(written) - len(written.lstrip())]))
        place = Place(line, 1)
        origin = Origin(strength=Strength.DOTENV, lead=f"{path}:{line}:", source=str(path), place=place)
        name = binding.key or ""
        if binding.error:
            text = tr("this line cannot be read; write NAME=value, with quotes around a value that has spaces")
            tree.note(origin, text)
        elif name.startswith(PREFIX) and name in seen:
            text = tr("%(name)s is set twice, also in line %(n)s; remove one of them", name=name, n=seen[name])
            tree.note(origin, text)
        elif name.startswith(PREFIX) and binding.value is None:
            tree.note(origin, tr("%(name)s has no value; write %(name)s=value", name=name))
        elif name.startswith(PREFIX):
            seen[name] = line
            about = f"{name} "
            yield _Variable(name=name, text=binding.value or "", origin=origin, folder=path.parent, about=about)


def _dotenv_text(tree: Tree, path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        problem = tr("the file cannot be read (%(reason)s); check its owner and permissions", reason=error.strerror)
    except UnicodeDecodeError:
        problem = tr("the file is not UTF-8 text; save it as UTF-8")
    else:
        if len(raw) <= MAX_BYTES:
            return text
        problem = tr("the file is larger than %(size)s KiB", size=MAX_BYTES // 1024)
    tree.problems.append(Problem(Strength.DOTENV, Place(1, 1), f"{path}: {problem}"))
    return ""


def _add_variables(tree: Tree, found: list[_Variable]) -> None:
    """Whole lists first, because items are counted on them; then ids of items by index, because ids name the rest."""
    left = found
    for names in (_names_of_lists, _names_of_ids, _all_names):
        left = _apply_known(tree, left, names(tree, {each.name for each in found if each.text}))
    known = _all_names(tree, set())
    unusable = [path for path in _lists(tree.root) if not tree.usable(path) or tree.value(path) is not None]
    unreadable = tuple(variable(path) for path in unusable if not isinstance(tree.value(path), list))
    for each in left:
        if each.name.startswith(unreadable):
            continue
        text = tr("is not a variable of the gateway")
        tree.note(each.origin, f"{each.about}{text}{_meant(each.name, known)}")


def _meant(name: str, known: _Names) -> str:
    """`; did you mean ...?`, also for a name without its section."""
    word = name.removeprefix(PREFIX)
    same_ending = [each for each in known if each.endswith(f"__{word}")]
    if same_ending:
        return tr("; did you mean %(word)s?", word=repr(same_ending[0]))
    return did_you_mean(word, known, prefix=PREFIX)


_Names: TypeAlias = dict[str, list[DataPath]]
"""Variables and the settings that each may mean; more than one is a mistake, once such a variable is used."""


def _names_of_lists(tree: Tree, _used: set[str]) -> _Names:
    return {variable(path): [path] for path in _lists(tree.root)}


def _names_of_ids(tree: Tree, used: set[str]) -> _Names:
    """The ids of the items that are there, and of new ones that follow them without a gap."""
    names: _Names = {}
    for path in _lists(tree.root):
        for index in count():
            name = variable((*path, index, "id"))
            if index >= _count(tree, path) and used.isdisjoint({name, name + FILE_SUFFIX}):
                break
            names[name] = [(*path, index, "id")]
    return names


def _all_names(tree: Tree, _used: set[str]) -> _Names:
    names: _Names = {variable(path): [path] for path in _all_paths(tree)}
    for path in _all_paths(tree):
        for named in _by_id(tree, path):
            meant = names.setdefault(variable(named), [])
            meant += [path] if path not in meant else []
    return names


def _all_paths(tree: Tree) -> Iterator[DataPath]:
    return paths(tree.root, {path: _count(tree, path) for path in _lists(tree.root)})


def _by_id(tree: Tree, path: DataPath) -> list[DataPath]:
    """The path with the item's id in place of its index, where it has an index and the item an id."""
    at = next((position for position, step in enumerate(path) if isinstance(step, int)), None)
    item_id = None if at is None else tree.value((*path[: at + 1], "id"))
    return [(*path[:at], item_id, *path[at + 1 :])] if at is not None and isinstance(item_id, str) else []


def _lists(root: type) -> list[DataPath]:
    return [path for path in paths(root, {}) if item_section(kind_at(root, path))]


def _count(tree: Tree, path: DataPath) -> int:
    items = tree.value(path)
    return len(items) if isinstance(items, list) else 0


def _apply_known(tree: Tree, found: list[_Variable], names: _Names) -> list[_Variable]:
    """Put the values of the variables that are in `names`, in its order; the others are returned."""
    order = {name: position for position, name in enumerate(names)}
    named = {each: _named(each.name, names) for each in found}
    for each in sorted(found, key=lambda each: order.get(named[each], -1)):
        meant = names.get(named[each], [])
        if not each.text or not meant:
            continue
        if len(meant) == 1:
            _put(tree, each, meant[0], from_file=named[each] != each.name)
        else:
            text = tr(
                "may mean %(settings)s; use another id", settings=tr(" and ").join(dotted(path) for path in meant)
            )
            tree.note(each.origin, f"{each.about}{text}")
    return [each for each in found if named[each] not in names]


def _named(name: str, names: _Names) -> str:
    """The name without `_FILE`, unless it is one of `names` as it stands."""
    return name if name in names else name.removesuffix(FILE_SUFFIX)


def _put(tree: Tree, each: _Variable, path: DataPath, *, from_file: bool) -> None:
    kind = kind_at(tree.root, path)
    text = _file_text(tree, each) if from_file else each.text
    if text is None:
        tree.refused.add(path)
        return
    if kind in (int, float, bool):
        value: object = plain_scalar(text)
    elif is_section(kind) or item_section(kind):
        try:
            value = json.loads(text, object_pairs_hook=_section_without_doubles, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            example = '[{"id": "ucm-1", ...}]' if item_section(kind) else '{"name": "value", ...}'
            words = tr("must be JSON such as %(example)s, without doubled names", example=example)
            tree.note(each.origin, f"{each.about}{words}")
            tree.refused.add(path)
            return
    else:
        value = text
    tree.put(path, value, replace(each.origin, shows_value=not from_file))


def _section_without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    section = dict(pairs)
    if len(section) < len(pairs):
        raise ValueError
    return section


def _no_constant(_name: str) -> object:
    raise ValueError


def _file_text(tree: Tree, each: _Variable) -> str | None:
    """The file's text without line ends at its end; a message does not name the path, which may be a pasted secret."""
    try:
        with (each.folder / each.text).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) <= MAX_BYTES:
            return raw.decode("utf-8-sig").rstrip("\r\n")
        text = tr("names a file that is larger than %(size)s KiB", size=MAX_BYTES // 1024)
    except OSError as error:
        text = tr("names a file that cannot be read (%(reason)s)", reason=error.strerror)
    except ValueError:
        text = tr("names a file that is not UTF-8 text, or its path cannot be used")
    tree.note(each.origin, f"{each.about}{text}")
    return None
