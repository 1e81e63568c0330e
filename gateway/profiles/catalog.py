"""Which profiles there are and where their files lie; what a file says is `reader`'s business."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from gateway import yaml_source
from gateway.errors import ProfileError
from gateway.profiles.model import Profile, Shape
from gateway.profiles.plan import compiled
from gateway.profiles.reader import read_profile

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)+")


def builtin_folder() -> Path:
    """The folder of the profiles that come with the gateway: inside the installed package, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_profiles"
    return installed if installed.is_dir() else package.parent / "device_profiles"


class Catalog:
    """The profiles in use, by id."""

    def __init__(
        self,
        profiles: Iterable[Profile],
        known_ids: Collection[str],
        broken: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._known_ids = sorted(known_ids)
        self._broken = dict(broken)
        self._limited: dict[tuple[str, str], Profile] = {}
        self._folders: tuple[Path, ...] = ()

    @classmethod
    def load(cls, folders: Sequence[Path], wanted: Collection[str] | None = None, *, lenient: bool = False) -> Catalog:
        """Read the profiles named by `wanted` (all, if None) from `folders`; of two with one id the first folder's.

        A profile's id is the path of its file without `.yaml`; a folder that does not exist has none. `ProfileError`
        with every mistake of every file; ids that no file has are passed over here and reported by `get`. A `lenient`
        catalog does without the files that have mistakes, and reports those of a file when its profile is asked for.
        """
        broken: dict[str, Sequence[str]] = {}
        files = _files(folders, broken)
        profiles: list[Profile] = []
        for profile_id in files:
            if wanted is not None and profile_id not in wanted:
                continue
            try:
                profiles.append(_read(profile_id, files))
            except ProfileError as error:
                broken[profile_id] = error.problems
        catalog = cls(profiles, files, broken)
        catalog._folders = tuple(folders)
        if broken and not lenient:
            raise ProfileError(catalog.problems())
        return catalog

    def anew(self) -> Catalog:
        """All files as they are now, leniently; for `become`."""
        return Catalog.load(self._folders, lenient=True)

    def become(self, other: Catalog) -> None:
        """Hold what `other` holds: who asks from now on gets that."""
        self._profiles, self._known_ids, self._broken = other._profiles, other._known_ids, other._broken
        self._limited = {}

    def problems(self) -> list[str]:
        """Every mistake of the files that were left out."""
        return list(dict.fromkeys(line for lines in self._broken.values() for line in lines))

    def get(self, profile_id: str, model: str | None = None) -> Profile:
        """The profile with this id, or `ProfileError` with what may have been meant.

        `model` is one of its models, upper and lower case alike: the profile is then given with that one's limits.
        """
        profile = self._profiles.get(profile_id)
        if profile_id in self._broken:
            raise ProfileError(list(self._broken[profile_id]))
        if profile is None:
            raise ProfileError([f"there is no profile '{profile_id}'; {_hint(profile_id, self._known_ids)}"])
        if model is None:
            return profile
        key = (profile_id, model.casefold())
        if key not in self._limited:
            self._limited[key] = _for_model(profile, model)
        return self._limited[key]

    def ids(self) -> list[str]:
        """The ids of all profiles there are, loaded or not."""
        return list(self._known_ids)

    def __iter__(self) -> Iterator[Profile]:
        """The loaded profiles."""
        return iter(self._profiles.values())


def _hint(wanted: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(wanted, known, 1)
    return f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known) or 'none'}"


def _for_model(profile: Profile, model: str) -> Profile:
    """The profile with the limits of one model; a product without limits of its own has the profile's."""
    found = next((one for one in profile.models if one.model.casefold() == model.casefold()), None)
    if found is None:
        products = [product.model for product in profile.products]
        if model.casefold() in (product.casefold() for product in products):
            return profile
        known = [one.model for one in profile.models] or products
        raise ProfileError([f"profile '{profile.id}' has no model '{model}'; {_hint(model, known)}"])
    if found.invitees is None:
        return replace(profile, model=found)
    return replace(profile, model=found, shapes=tuple(_limited(shape, found.invitees) for shape in profile.shapes))


def _limited(shape: Shape, invitees: int) -> Shape:
    rules = replace(shape.rules, limits=replace(shape.rules.limits, invitees=invitees))
    return replace(
        shape,
        rules=rules,
        typed=compiled(shape.fields, shape.unused, rules, text_values=False),
        texts=compiled(shape.fields, shape.unused, rules, text_values=True),
    )


def _files(folders: Sequence[Path], broken: dict[str, Sequence[str]]) -> Mapping[str, list[Path]]:
    """Every profile's files by its id, the first folder's first; other files (a README, a schema) are not profiles."""
    found: dict[str, list[Path]] = {}
    for folder in folders:
        for path in folder.rglob("*.yaml"):
            profile_id = path.relative_to(folder).with_suffix("").as_posix()
            if not _ID.fullmatch(profile_id):
                rule = "a profile's file must be VENDOR/MODEL.yaml, in small letters, digits, '-' and '_'"
                broken[profile_id] = [f"{path}: {rule}"]
                continue
            found.setdefault(profile_id, []).append(path)
    return dict(sorted(found.items()))


class _Known(NamedTuple):
    """A profile as it was read, the text (hashed) that it was read from, and which other it extends, if any."""

    text: bytes
    extends: str | None
    base: tuple[Path, bytes] | None
    profile: Profile


_KNOWN: dict[tuple[str, Path], _Known] = {}
"""By id and file: reading all files takes a tenth of a second, and hardly ever has one of them changed since."""


def _read(profile_id: str, files: Mapping[str, list[Path]]) -> Profile:
    path = files[profile_id][0]
    raw = _raw(path)
    text, known = _hash(raw), _KNOWN.get((profile_id, path))
    if known is not None and known.text == text:
        base_path = None if known.extends is None else _base(known.extends, path, files)
        if known.base == (None if base_path is None else (base_path, _hash(_raw(base_path)))):
            return known.profile
    document = _document(path, raw)
    base_id = document.data.get("extends") if isinstance(document.data, dict) else None
    if base_id is None:
        profile = read_profile(profile_id, document, str(path))
        _KNOWN[profile_id, path] = _Known(text, None, None, profile)
        return profile
    place = document.places[("extends",)]
    here = f"{path}:{place.line}:{place.column}: extends"
    base_path = _base(base_id, path, files) if isinstance(base_id, str) else None
    if base_path is None:
        raise ProfileError([f"{here} names no other profile; {_hint(str(base_id), list(files))}"])
    base_raw = _raw(base_path)
    base = _document(base_path, base_raw)
    if isinstance(base.data, dict) and "extends" in base.data:
        raise ProfileError([f"{here} names {base_id}, which extends another itself; extend that one"])
    profile = read_profile(profile_id, document, str(path), (base, str(base_path)))
    _KNOWN[profile_id, path] = _Known(text, str(base_id), (base_path, _hash(base_raw)), profile)
    return profile


def _base(base_id: str, path: Path, files: Mapping[str, list[Path]]) -> Path | None:
    """The file of a profile that `path` extends: of the same name in a later folder, if an own one is laid over it."""
    return next((base for base in files.get(base_id, []) if base != path), None)


def _hash(raw: bytes) -> bytes:
    return hashlib.blake2b(raw, digest_size=16).digest()


def _raw(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(yaml_source.MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError([f"{path}: cannot be read: {error.strerror}"]) from error


def _document(path: Path, raw: bytes) -> yaml_source.Document:
    try:
        return yaml_source.parse(raw)
    except yaml_source.YamlError as error:
        raise ProfileError([f"{path}:{p.place.line}:{p.place.column}: {p.text}" for p in error.problems]) from error
