"""Looks for pieces of secrets in the files of a data folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def left_of(secrets: Iterable[bytes], folder: Path) -> list[str]:
    """Pieces of the secrets that stand in any file of the folder; a piece is 32 bytes, from anywhere within."""
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    return [
        f"{name}: secret {number}, byte {at}"
        for number, secret in enumerate(secrets)
        for at in range(0, len(secret) - 32, 32)
        for name, content in files.items()
        if secret[at : at + 32] in content
    ]
