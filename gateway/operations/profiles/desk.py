"""What the pages do with profiles: look, check, save, copy, try, bundle; the commands use the same functions."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import GatewayError, ProfileError
from gateway.operations.call_understood import Understood, understood
from gateway.operations.profiles.columns import Call
from gateway.operations.profiles.draft import Draft, draft
from gateway.operations.profiles.examples import BodyReader, replay
from gateway.operations.profiles.files import ProfileFile, is_profile_id, put, read_text
from gateway.operations.profiles.lint import lint
from gateway.profiles.catalog import Catalog
from gateway.profiles.model import Profile
from gateway.profiles.translate import Context
from gateway.profiles.vocabulary import Dialect
from gateway.yaml_source import MAX_BYTES

_LONGEST_LINE = 120
_PLACE = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?P<text>.*)", re.S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing wrong with a file; `line` is 0 when it is about the file as a whole, or about the one it builds on.

    `there` is what stands in that line. `advice` does not stop saving.
    """

    line: int
    text: str
    there: str = ""
    advice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """One profile there is: `profile` is None when its file has mistakes, `own` is whether it is the admin's."""

    id: str
    own: bool
    profile: Profile | None
    problems: tuple[str, ...] = ()


class Changed(GatewayError):
    """A file is no longer what somebody saw when the page was opened."""

    code = "profile-changed"


class NotSaved(GatewayError):
    """A profile was not saved; `mistakes` say why."""

    code = "profile-mistakes"

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(each.text for each in mistakes))
        self.mistakes = tuple(mistakes)


class ProfileDesk:
    """Works on the profiles in `own`, the admin's folder, and on those of `builtin`, which are never changed.

    `catalog` is what devices are served with. `changed` is awaited after it changed.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        own: Path,
        builtin: Path,
        changed: Callable[[], Awaitable[None]],
        now_ms: Callable[[], int],
    ) -> None:
        self.catalog = catalog
        self._own = own
        self._builtin = builtin
        self._changed = changed
        self._now_ms = now_ms

    def every(self) -> list[Shelved]:
        """Return all profiles, by id."""
        return [self.get(profile_id) for profile_id in self.catalog.ids()]

    def get(self, profile_id: str) -> Shelved:
        """Return one. Raises ProfileError when there is none of this id."""
        own = self._path(profile_id).is_file()
        if profile_id not in self.catalog.ids():
            self.catalog.get(profile_id)
        try:
            return Shelved(id=profile_id, own=own, profile=self.catalog.get(profile_id))
        except ProfileError as error:
            return Shelved(id=profile_id, own=own, profile=None, problems=tuple(error.problems))

    def text(self, profile_id: str) -> str:
        """Return what the file says. Raises ProfileError when there is none, or when it cannot be read."""
        self.get(profile_id)
        for folder in (self._own, self._builtin):
            path = folder / f"{profile_id}.yaml"
            try:
                return path.read_bytes()[: MAX_BYTES + 1].decode("utf-8", "replace")
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ProfileError([f"{path}: cannot be read: {error.strerror}"]) from error
        raise ProfileError([f"the file of the profile '{profile_id}' is gone"])

    def check(self, profile_id: str, text: str) -> list[Mistake]:
        """Return everything wrong with a text, in the order of its lines."""
        file = self._read(profile_id, text)
        path, lines = str(self._path(profile_id)), text.split("\n")
        found = [_mistake(line, path, lines) for line in file.problems]
        if file.profile is not None and file.source is not None:
            found += [_mistake(line, path, lines, advice=True) for line in lint(file.profile, file.source)]
        return sorted(found, key=lambda each: (each.line, each.advice))

    async def save(self, profile_id: str, text: str, *, seen: str = "", create: bool = False) -> None:
        """Write an own profile; devices that use it are served with it from now on.

        `seen` is the `mark` of the text that was there when the page was opened. Raises NotSaved, Changed,
        FileExistsError (to `create` one that is there) and OSError; then everything is as it was.
        """
        if not is_profile_id(profile_id):
            raise NotSaved([Mistake(line=0, text="the id must be VENDOR/MODEL in small letters, digits, '-' and '_'")])
        wrong = [each for each in self.check(profile_id, text) if not each.advice]
        if wrong:
            raise NotSaved(wrong)
        path = self._path(profile_id)
        before = path.read_text("utf-8") if path.is_file() else None
        if seen and before is not None and mark(before) != seen:
            raise Changed("Somebody else saved this profile since you opened it.")
        put(self._own, profile_id, text, replace=not create)
        try:
            await self._use()
        except GatewayError as error:  # a device cannot be served with it
            if before is None:
                path.unlink()
            else:
                put(self._own, profile_id, before, replace=True)
            await self._use()
            raise NotSaved([Mistake(line=0, text=str(error))]) from error

    async def _use(self) -> None:
        self.catalog.become(await asyncio.to_thread(self.catalog.anew))
        await self._changed()

    def draft(self, profile_id: str, calls: Sequence[Call], *, time_zone: str | None) -> Draft:
        """Draft a profile from calls. Raises DraftError."""
        return draft(profile_id, calls, time_zone=time_zone, now_s=self._now_ms() // 1000)

    def tried(self, profile: Profile, call: Call, *, external_id: str | None, time_zone: str | None) -> Understood:
        """Return what a profile makes of a call."""
        context = Context(external_id, time_zone, self._now_ms() // 1000, call.text_values)
        return understood(profile, call.fields, context)

    def bundle(self, profile_id: str, readers: Mapping[Dialect, BodyReader]) -> bytes:
        """Return a ZIP to contribute: the file, what the checks say, what the examples come to. Raises ProfileError."""
        text = self.text(profile_id)
        profile = self.catalog.get(profile_id)
        checks = [f"line {each.line}: {each.text}" for each in self.check(profile_id, text)]
        results = []
        for result in replay(profile, readers):
            good = "as expected" if not result.differences else "NOT as expected"
            results.append(f"{result.example.name}: {good}")
            results += [line for difference in result.differences for line in difference.lines()]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr(f"{profile_id}.yaml", text)
            made.writestr("checks.txt", "\n".join(checks or ["nothing to say"]) + "\n")
            made.writestr("examples.txt", "\n".join(results) + "\n")
            made.writestr("about.txt", _ABOUT.format(id=profile_id))
        return packed.getvalue()

    def _read(self, profile_id: str, text: str) -> ProfileFile:
        return read_text(profile_id, text, self._path(profile_id), [self._own, self._builtin])

    def _path(self, profile_id: str) -> Path:
        return self._own / f"{profile_id}.yaml" if is_profile_id(profile_id) else self._own / "none.yaml"


def mark(text: str) -> str:
    """A mark by which a text is told from another one."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _mistake(line: str, path: str, lines: Sequence[str], *, advice: bool = False) -> Mistake:
    found = _PLACE.fullmatch(line)
    if found is None or found["file"] != path:
        return Mistake(line=0, text=line, advice=advice)
    number = int(found["line"])
    there = lines[number - 1].strip()[:_LONGEST_LINE] if number <= len(lines) else ""
    return Mistake(line=number, text=found["text"], there=there, advice=advice)


_ABOUT = """\
Profile {id}, to be contributed to the project.

Fill in before you send it:
Brand and exact model:
Firmware:
What works:
What does not:
May the examples be published (yes/no):
Who tried it, and when:

Look through the examples once more: names, addresses and numbers of real people do not belong in them.
"""
