"""Profile files found by id or path and read with the places of their keys; what is wrong with them is gathered."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
    try:
        document = _document(path)
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
        raise ProfileError([f"{path}:{p.place.line}:{p.place.column}: {p.text}" for p in error.problems]) from error


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
    found = next((file for file in files if file.is_file() and not file.samefile(path)), None)
    if found is None or not _ID.fullmatch(wanted):
        raise ProfileError([f"{before} names {wanted!r}, and there is no such profile"])
    base = _document(found)
    if isinstance(base.data, dict) and "extends" in base.data:
        raise ProfileError([f"{before} names {wanted}, which extends another profile itself; only one step is allowed"])
    return base, str(found)
