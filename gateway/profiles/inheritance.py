"""One profile's file laid over another's (`extends`), every key keeping its own place; what keys mean is not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.yaml_source import DataPath, Document, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What a profile says, and in which file and where each key stands; the root, under `()`, always has a place."""

    data: object
    places: Mapping[DataPath, tuple[str, Place]]


def source_of(document: Document, file: str, base: tuple[Document, str] | None = None) -> Source:
    """The profile that `document`, from the file `file`, describes, laid over `base` and its file if there is one.

    Sections are merged key by key, lists and single values are replaced, and a key without a value takes the base's
    away. Where a place is only in the base, problems are placed there.
    """
    own = _placed(document, file)
    if base is None or not isinstance(document.data, dict) or not isinstance(base[0].data, dict):
        return Source(data=document.data, places=own)
    places: dict[DataPath, tuple[str, Place]] = {(): own[()]}
    data = _laid_over(document.data, base[0].data, (), (own, _placed(*base), places))
    return Source(data=data, places=places)


_Places = Mapping[DataPath, tuple[str, Place]]


def _placed(document: Document, file: str) -> _Places:
    return {path: (file, place) for path, place in document.places.items()}


def _laid_over(
    upper: Mapping[str, object],
    lower: Mapping[str, object],
    path: DataPath,
    places: tuple[_Places, _Places, dict[DataPath, tuple[str, Place]]],
) -> dict[str, object]:
    """Depth is bounded by that of the two documents."""
    own, base, found = places
    data: dict[str, object] = {}
    for key in [*lower, *(key for key in upper if key not in lower)]:
        here = (*path, key)
        if key not in upper:
            data[key] = lower[key]
            _copy(base, here, found)
            continue
        above, below = upper[key], lower.get(key)
        if above is None and key in lower:
            continue
        if isinstance(above, dict) and isinstance(below, dict):
            found[here] = own[here]
            data[key] = _laid_over(above, below, here, places)
        else:
            data[key] = above
            _copy(own, here, found)
    return data


def _copy(places: _Places, path: DataPath, found: dict[DataPath, tuple[str, Place]]) -> None:
    length = len(path)
    found.update((at, place) for at, place in places.items() if at[:length] == path)
