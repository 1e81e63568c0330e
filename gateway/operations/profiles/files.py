"""Profile files found by id or path and read with the places of their keys; what is wrong with them is gathered."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway import yaml_source
from gateway.errors import ProfileError
from gateway.profiles.catalog import Catalog
from gateway.profiles.inheritance import Source, source_of
from gateway.profiles.model import Profile
from gateway.profiles.reader import read_profile

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*/[a-z0-9][a-z0-9_-]*")
_NAME = "a profile's file must be VENDOR/MODEL.yaml, in small letters, digits, '-' and '_'"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileFile:
    """One file that was read: `profile` and `source` are None when it cannot be used, and `problems` then says why, as
    `file:line:column: text`.
    """

    id: str
    path: Path
    profile: Profile | None = None
    source: Source | None = None
    problems: tuple[str, ...] = ()


def is_profile_id(text: str) -> bool:
    """Whether it is VENDOR/MODEL in small letters, digits, `-` and `_`."""
    return _ID.fullmatch(text) is not None


def find(words: Sequence[str], folders: Sequence[Path]) -> list[ProfileFile]:
    """The files that are meant by ids and paths, read; all in `folders`, if there are no words.

    A word that ends in `.yaml` is a path. Of two files with one id, the first folder's counts. `ProfileError` when
    there is no such profile.
    """
    catalog = Catalog.load(folders, wanted=())
    found = []
    for word in words or catalog.ids():
        if word.endswith(".yaml"):
            path = Path(word)
            found.append(read_one("/".join(path.absolute().with_suffix("").parts[-2:]), path, folders))
        else:
            path = next((path for folder in folders if (path := folder / f"{word}.yaml").is_file()), Path())
            if word not in catalog.ids():
                catalog.get(word)
            found.append(read_one(word, path, folders))
    return found


def read_one(profile_id: str, path: Path, folders: Sequence[Path]) -> ProfileFile:
    """One file; the profile it extends is looked for beside it, then in `folders`."""
    if not _ID.fullmatch(profile_id):
        return ProfileFile(id=profile_id, path=path, problems=(f"{path}: {_NAME}",))
    return _read(profile_id, path, folders, lambda: _document(path))


def read_text(profile_id: str, text: str, path: Path, folders: Sequence[Path]) -> ProfileFile:
    """What `path` would be with this text in it; nothing is written."""

    def document() -> yaml_source.Document:
        try:
            return yaml_source.parse(text.encode("utf-8", "surrogatepass"))
        except yaml_source.YamlError as error:
            raise ProfileError(_placed(path, error)) from error

    return _read(profile_id, path, folders, document)


def put(folder: Path, profile_id: str, text: str, *, replace: bool) -> Path:
    """Write a profile's file, whole or not at all; return where it is.

    Raises FileExistsError unless it may `replace` one, and OSError.
    """
    path = folder / f"{profile_id}.yaml"
    if path.exists() and not replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def _read(
    profile_id: str, path: Path, folders: Sequence[Path], read: Callable[[], yaml_source.Document]
) -> ProfileFile:
    try:
        document = read()
        base = _base(document, [path.absolute().parents[1], *folders], path)
        profile = read_profile(profile_id, document, str(path), base)
    except ProfileError as error:
        return ProfileFile(id=profile_id, path=path, problems=tuple(error.problems))
    return ProfileFile(id=profile_id, path=path, profile=profile, source=source_of(document, str(path), base))


def _document(path: Path) -> yaml_source.Document:
    try:
        return yaml_source.read_file(path)
    except OSError as error:
        raise ProfileError([f"{path}: cannot be read: {error.strerror}"]) from error
    except yaml_source.YamlError as error:
        raise ProfileError(_placed(path, error)) from error


def _same(file: Path, path: Path) -> bool:
    return path.exists() and file.samefile(path)


def _placed(path: Path, error: yaml_source.YamlError) -> list[str]:
    return [f"{path}:{problem.place.line}:{problem.place.column}: {problem.text}" for problem in error.problems]


def _base(
    document: yaml_source.Document, folders: Sequence[Path], path: Path
) -> tuple[yaml_source.Document, str] | None:
    wanted = document.data.get("extends") if isinstance(document.data, dict) else None
    if not isinstance(wanted, str):
        return None
    place = document.places[("extends",)]
    before = f"{path}:{place.line}:{place.column}: extends"
    # A profile may be laid over the one of the same id in a later folder, but not over itself.
    files = (folder / f"{wanted}.yaml" for folder in folders)
    found = next((file for file in files if file.is_file() and not _same(file, path)), None)
    if found is None or not _ID.fullmatch(wanted):
        raise ProfileError([f"{before} names {wanted!r}, and there is no such profile"])
    base = _document(found)
    if isinstance(base.data, dict) and "extends" in base.data:
        raise ProfileError([f"{before} names {wanted}, which extends another profile itself; only one step is allowed"])
    return base, str(found)
