"""Undoes what mail programs, chats and terminals do to an address on its way; what it says is read elsewhere."""

from __future__ import annotations

import re

WHOLE_CODES = (62, 73)
"""The lengths of Google's codes, older ones and today's: after one that is whole, a plain word is no part of it."""

WHOLE_STATE = 43
"""The length of our own `state`."""


_MOST_LINES = 400
_LONGEST_LOOKED_AT = 320
"""How far back the beginning of a broken address is looked for, so that a long paste costs no more than its length."""


def plain(text: str) -> str:
    """Drop what nobody sees, make every blank and every quote one kind, full-width signs narrow, `&amp;` one sign."""
    text = text.translate(_PLAIN)
    for _ in range(2):
        text = _AMPERSAND.sub("&", text)
    return text


def joined(text: str) -> str:
    """Join an address or a code that was broken over lines."""
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        return text
    result = ""
    for line in (_QUOTED.sub("", line).strip(" \t") for line in lines):
        if not result:
            result = line
        elif _runs_on(result, line):
            result += line
        else:
            result += f"\n{line}"
    return result


_UNSEEN = (
    0x00AD,
    0x034F,
    0x061C,
    0x180E,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xFE00, 0xFE10),
    0xFEFF,
)
_BLANKS = (0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_QUOTES = (*range(0x2018, 0x2020), 0x00AB, 0x00BB, 0x2039, 0x203A, *range(0x3008, 0x3012), 0x3014, 0x3015)
_PLAIN: dict[int, str | None] = {
    **{0xFF00 + code: chr(0x20 + code) for code in range(1, 0x5F)},
    **dict.fromkeys(_UNSEEN, None),
    **dict.fromkeys(_BLANKS, " "),
    **dict.fromkeys((*_QUOTES, ord("`"), ord("'"), 0xFF07), '"'),
    0x3002: ".",
    0x3001: ",",
    0x060C: ",",
    0x061B: ";",
    0x061F: "?",
}
_AMPERSAND = re.compile(r"&(?:amp|#38|#x26);", re.IGNORECASE)
_QUOTED = re.compile(r"^[ \t]*(?:>[ \t]?)+")

_PIECE = re.compile(r"[\w%&=/.~+?#:\-…]+", re.ASCII)
_CLOSED = re.compile(r"[\"<>)\]}.,;!]")
_ADDRESS_BEGUN = re.compile(
    r"=|\?|://|^[\w.\-]+:\d+/|^4$|(?:^|[^\w])4(?:/|%(?:25)*2[fF])|code$|%[0-9a-fA-F]?$", re.ASCII
)
_CODE_SO_FAR = re.compile(r"(?:^|[^\w%])4(?:/|%(?:25)*2[fF])([\w-]*)$", re.ASCII)
_STATE_SO_FAR = re.compile(r"(?:^|[?&])state=([\w-]*)$", re.ASCII)
_NEW_BEGINNING = re.compile(r"^(?:code=|\?|4(?:/|%2[fF])\w)|(?<!=)https?://", re.ASCII)
_WORD = re.compile(r"[A-Z]?[a-z]+")
_NO_WORD = re.compile(r"(?=.*[A-Za-z])(?=.*[\d=&%_/-]).{6,}", re.ASCII)


def _runs_on(before: str, line: str) -> bool:
    """Whether `line` goes on where the line before was broken off in the middle of an address or a code."""
    if not line or before.endswith("\n"):
        return False
    last = re.split(r"[\s\"<>()\[\]{}]", before[-_LONGEST_LOOKED_AT:].rstrip())[-1]
    if last.endswith("code="):
        return True
    piece = _PIECE.match(line)
    if piece is None or _NEW_BEGINNING.search(piece[0]) or not _ADDRESS_BEGUN.search(last):
        return False
    rest = line[piece.end() :].lstrip()  # French quotes stand off from what they close
    words_follow = bool(rest) and not _CLOSED.match(rest)
    if _is_incomplete(last):
        return not (_is_stump(last) and _WORD.fullmatch(piece[0]))
    so_far = _CODE_SO_FAR.search(last)
    if so_far is not None and len(so_far[1]) + 2 + len(piece[0]) == WHOLE_CODES[-1]:
        return not _WORD.fullmatch(piece[0])
    if words_follow:  # the sentence goes on, after the address or within it
        return bool(_NO_WORD.fullmatch(piece[0]))
    return not _is_whole(last) or not _WORD.fullmatch(piece[0].rstrip(".:"))


def _is_incomplete(last: str) -> bool:
    """Whether a code or a state was begun and is shorter than any that is whole."""
    code, state = _CODE_SO_FAR.search(last), _STATE_SO_FAR.search(last)
    if code is not None:
        return len(code[1]) + 2 < WHOLE_CODES[-1] and not _is_whole(last)
    return state is not None and len(state[1]) < WHOLE_STATE


def _is_stump(last: str) -> bool:
    """Whether a code was begun and is shorter than any line: it was cut, not broken."""
    code = _CODE_SO_FAR.search(last)
    return code is not None and len(code[1]) + 2 < 20


def _is_whole(last: str) -> bool:
    """Whether a code or a state that ends here may be all of it."""
    code, state = _CODE_SO_FAR.search(last), _STATE_SO_FAR.search(last)
    if code is not None:
        return len(code[1]) + 2 in WHOLE_CODES or len(code[1]) + 2 > WHOLE_CODES[-1]
    return state is not None and len(state[1]) >= WHOLE_STATE
