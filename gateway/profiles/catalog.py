"""Which profiles there are and where their files lie; what a file says is `reader`'s business."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from gateway import yaml_source
from gateway.errors import ProfileError
from gateway.profiles.model import Profile
from gateway.profiles.reader import read_profile

_ID = re.compile(r"[a-z0-9][a-z0-9_-]*(?:/[a-z0-9][a-z0-9_-]*)+")


def builtin_folder() -> Path:
    """The folder of the profiles that come with the gateway: inside the installed package, else the checkout's."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_profiles"
    return installed if installed.is_dir() else package.parent / "device_profiles"


class Catalog:
    """The profiles in use, by id."""

    def __init__(self, profiles: Iterable[Profile], known_ids: Collection[str]) -> None:
        self._profiles = {profile.id: profile for profile in profiles}
        self._known_ids = sorted(known_ids)

    @classmethod
    def load(cls, folders: Sequence[Path], wanted: Collection[str] | None = None) -> Catalog:
        """Read the profiles named by `wanted` (all, if None) from `folders`; of two with one id the first folder's.

        A profile's id is the path of its file without `.yaml`. `ProfileError` with every mistake of every file; ids
        that no file has are passed over here and reported by `get`.
        """
        files = _files(folders)
        profiles: list[Profile] = []
        problems: list[str] = []
        for profile_id, path in files.items():
            if wanted is not None and profile_id not in wanted:
                continue
            try:
                profiles.append(_read(profile_id, path))
            except ProfileError as error:
                problems += error.problems
        if problems:
            raise ProfileError(problems)
        return cls(profiles, files)

    def get(self, profile_id: str) -> Profile:
        """The profile with this id, or `ProfileError` with what may have been meant."""
        profile = self._profiles.get(profile_id)
        if profile is None:
            near = difflib.get_close_matches(profile_id, self._known_ids, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(self._known_ids) or 'none'}"
            raise ProfileError([f"there is no profile '{profile_id}'; {hint}"])
        return profile

    def ids(self) -> list[str]:
        """The ids of all profiles there are, loaded or not."""
        return list(self._known_ids)

    def __iter__(self) -> Iterator[Profile]:
        """The loaded profiles."""
        return iter(self._profiles.values())


def _files(folders: Sequence[Path]) -> Mapping[str, Path]:
    """Every profile file by its id, sorted; other files (a README, a schema) are not profiles."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in folder.rglob("*.yaml"):
            profile_id = path.relative_to(folder).with_suffix("").as_posix()
            if not _ID.fullmatch(profile_id):
                raise ProfileError(
                    [f"{path}: a profile's file must be VENDOR/MODEL.yaml, in small letters, digits, '-' and '_'"]
                )
            found.setdefault(profile_id, path)
    return dict(sorted(found.items()))


def _read(profile_id: str, path: Path) -> Profile:
    try:
        document = yaml_source.read_file(path)
    except OSError as error:
        raise ProfileError([f"{path}: cannot be read: {error.strerror}"]) from error
    except yaml_source.YamlError as error:
        raise ProfileError([f"{path}:{p.place.line}:{p.place.column}: {p.text}" for p in error.problems]) from error
    return read_profile(profile_id, document, str(path))
