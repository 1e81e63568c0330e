"""Whether a device's firmware is one that its profile was made for, as far as the device says what it has; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from gateway.profiles.model import Product, Profile

_VERSION = re.compile(r"(?<![\w.])[vV]?(\d+(?:\.\d+){2,4})(?![\w.])")
_LONGEST = 300
_RANGE = re.compile(r"(>=|<=|>|<|=|\^)?\s*(\d+(?:\.\d+)*)")


def firmware_of(agent: str, profile: Profile) -> str:
    """The version in the name that a program calls itself by (`Grandstream UCM6304 1.0.25.7`); empty when it has none.

    Programs that name neither brand nor model of the profile are somebody else's, whose versions mean nothing here.
    """
    known = {word for product in profile.products for word in _words(product)}
    said = set(re.findall(r"[a-z0-9]{3,}", agent.casefold()))
    if not any(word.startswith(each) or each.startswith(word) for word in said for each in known if len(each) > 2):
        return ""
    return version_in(agent)


def version_in(text: str) -> str:
    """The first version in a text; empty when there is none."""
    found = _VERSION.search(text[:_LONGEST])
    return found[1] if found else ""


def _words(product: Product) -> Iterable[str]:
    text = f"{product.brand} {product.model}".casefold()
    return (word for word in re.findall(r"[a-z0-9]{3,}", text) if word not in ("any", "series", "device"))


def outside(version: str, products: Iterable[Product]) -> str:
    """The range that a version is outside of, in the maker's words; empty when it fits, or when nobody names one.

    Where several products have ranges, one that fits is enough.
    """
    ranges = [product.firmware for product in products if product.firmware]
    if not version or not ranges or any(_fits(version, text) for text in ranges):
        return ""
    return "; ".join(dict.fromkeys(ranges))


def _fits(version: str, text: str) -> bool:
    limits = _RANGE.findall(text)
    return all(_holds(_numbers(version), sign, _numbers(limit)) for sign, limit in limits)


def _holds(version: tuple[int, ...], sign: str, limit: tuple[int, ...]) -> bool:
    if sign == "<":
        return version < limit
    if sign == "<=":
        return version <= limit
    if sign == "=":
        return version == limit
    return version > limit if sign == ">" else version >= limit


def _numbers(text: str) -> tuple[int, ...]:
    """The parts as numbers; zeros at the end do not count (1.0 is 1)."""
    numbers = [int(part) for part in text.split(".")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
