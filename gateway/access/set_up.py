"""The one-time code that the first administrator has to see on the console; who becomes one is decided elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from gateway.access.tokens import same
from gateway.clock import Clock

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32 signs that nobody mistakes for one another: no 0 and 1, which leaves O and I without a twin, so they went too."""
CHARACTERS = 12
TRIES = 5
LIFE_S = 3600.0
MOST_WHO_KNOW = 20
"""Browsers that typed the code and have yet to choose a name; more than one is rare."""


class SetUpCode:
    """A code of 60 bits for five tries within an hour; then it dies and a new one is announced.

    It is nowhere but in memory, on the console and in a file that only the gateway's user may read.
    """

    def __init__(self, folder: Path, clock: Clock, announce: Callable[[str], None]) -> None:
        self.file = folder / "set-up-code"
        self._clock = clock
        self._announce = announce
        self._code = ""
        self._tries = 0
        self._made_s = 0.0
        self._know: list[str] = []

    def begin(self, why: str = "") -> None:
        """Make a code and show it on the console; the one before is good no more."""
        self._code = "".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS))
        self._tries = 0
        self._know = []
        self._made_s = self._clock.monotonic_s()
        shown = grouped(self._code)
        self._write(shown)
        if why:
            self._announce(why)
        self._announce(f"Set-up code: {shown}")

    def keep_fresh(self) -> None:
        """Replace a code that is an hour old."""
        if self._code and self._clock.monotonic_s() - self._made_s >= LIFE_S:
            self.begin("The set-up code was an hour old. Here is a new one.")

    def take(self, typed: str) -> str:
        """Return the code when `typed` is right, which is its end, and nothing when it is wrong, which is counted."""
        if not self._is_right(typed):
            return ""
        code, self._code = self._code, ""
        return code

    def tell(self, typed: str, browser: str) -> bool:
        """Remember that this browser knows the code, until it dies. A wrong one counts as in `take`."""
        if not self._is_right(typed):
            return False
        self._know = [*(each for each in self._know if each != browser), browser][-MOST_WHO_KNOW:]
        return True

    def knows(self, browser: str) -> bool:
        """Whether this browser typed the code that is good now."""
        self.keep_fresh()
        return bool(self._code) and browser in self._know

    def take_told(self, browser: str) -> str:
        """Return the code for a browser that knows it, which is its end, and nothing for any other."""
        if not self.knows(browser):
            return ""
        code, self._code = self._code, ""
        return code

    def give_back(self, code: str) -> None:
        """It was right, and could not be used all the same."""
        self._code = self._code or code

    def end(self) -> None:
        """There is an administrator: forget the code and its file."""
        self._code = ""
        self._know = []
        with contextlib.suppress(OSError):
            self.file.unlink()

    def _is_right(self, typed: str) -> bool:
        self.keep_fresh()
        if not self._code:
            return False
        if same(re.sub(r"[\s-]", "", typed[:100]).upper(), self._code):
            return True
        self._tries += 1
        if self._tries >= TRIES:
            self.begin(f"The set-up code was typed wrongly {TRIES} times. Here is a new one.")
        return False

    def _write(self, shown: str) -> None:
        """Keep the code for those who do not see the console; a full disk must not keep the gateway from starting."""
        fresh = self.file.with_name(self.file.name + ".new")
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(f"{shown}\n")
            fresh.replace(self.file)


def grouped(code: str) -> str:
    """Return the code as people read it: in groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, len(code), 4))


class Marker:
    """A file that says that there was an administrator once, for the day on which the database does not say so."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "set-up-done"

    @property
    def there(self) -> bool:
        """Whether set-up happened; a file that cannot be looked at counts."""
        try:
            self._file.lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def put(self) -> None:
        """Make the file; when this returns, it is on disk. Raises OSError."""
        handle = os.open(self._file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        folder = os.open(self._file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def take_away(self) -> None:
        """The set-up that it was put for did not happen."""
        with contextlib.suppress(OSError):
            self._file.unlink()
