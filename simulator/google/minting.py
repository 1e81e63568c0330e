"""Makes the ids, codes and tokens of the simulated Google in Google's shapes; who holds them is not known here."""

from __future__ import annotations

import random
import string

_BASE64URL = string.ascii_letters + string.digits + "-_"
_BASE32HEX = string.digits + string.ascii_lowercase[:22]

CODE_LENGTH = 73
"""Length of every authorization code, so that a code that was cut while copying can be told from a wrong one."""


class Minter:
    """A source of unguessable values, or of repeatable ones when a seed is given."""

    def __init__(self, seed: int | None) -> None:
        # A seed makes a run repeatable; what is made here opens nothing but this simulator.
        self.random: random.Random = random.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311

    def _text(self, length: int, alphabet: str = _BASE64URL) -> str:
        size = len(alphabet)
        return "".join([alphabet[byte % size] for byte in self.random.randbytes(length)])

    def code(self) -> str:
        """An authorization code: `4/0A…`."""
        return "4/0A" + self._text(CODE_LENGTH - 4)

    def access_token(self) -> str:
        """An access token: `ya29.…`."""
        return "ya29.a0A" + self._text(160)

    def refresh_token(self) -> str:
        """A refresh token: `1//0…`."""
        return "1//0" + self._text(99)

    def event_id(self) -> str:
        """An event id as Google makes them: 26 characters of base32hex."""
        return self._text(26, _BASE32HEX)

    def calendar_id(self) -> str:
        """The id of a secondary calendar."""
        return f"c_{self._text(26, _BASE32HEX)}@group.calendar.google.com"

    def client_id(self, project_number: str) -> str:
        """An OAuth client id: the project's number, then 32 characters."""
        return f"{project_number}-{self._text(32, _BASE32HEX)}.apps.googleusercontent.com"

    def client_secret(self) -> str:
        """An OAuth client secret: `GOCSPX-…`."""
        return "GOCSPX-" + self._text(28)

    def account_number(self) -> str:
        """A Google account's `sub`: 21 digits."""
        return "1" + self._text(20, string.digits)

    def meeting_code(self) -> str:
        """The code of a Meet conference: `abc-defg-hij`."""
        letters = self._text(10, string.ascii_lowercase)
        return f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"

    def key_id(self) -> str:
        """The id of a service account's key: 40 hexadecimal digits."""
        return self._text(40, "0123456789abcdef")

    def opaque(self, length: int = 32) -> str:
        """A value that means nothing to anybody."""
        return self._text(length)
