"""The style of profiles beyond what the reader insists on: sold names, examples, no secrets; mistakes have places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from gateway.profiles.fields import Trust
from gateway.profiles.inheritance import Source
from gateway.profiles.model import Profile
from gateway.profiles.sections import Problems
from gateway.profiles.vocabulary import Transport
from gateway.yaml_source import DataPath

PLACEHOLDERS = frozenset({"gateway_address", "gateway_ip", "device_id", "device_key"})
"""What `setup[].value` may leave to be filled in for each device."""
_EMAIL = re.compile(r"[\w.+%-]+@(?P<host>[\w-]+(?:\.[\w-]+)+)")
_EXAMPLE_HOST = re.compile(r"(?:[\w-]+\.)*example(?:\.(?:com|org|net))?", re.IGNORECASE)
_SECRET = re.compile(
    r"GOCSPX-[\w-]{10}|ya29\.|-----BEGIN|eyJ[\w-]{10,}\.[\w-]{5,}|\b(?:Bearer|Basic) [\w+/=.-]{12}|AIza[\w-]{20}"
)
_SECRET_NAME = re.compile(r"token|secret|cookie|authori[sz]ation|api_?key|(?:^|_)session", re.IGNORECASE)
_HIDDEN = ("", "removed")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"[^\W\d_]{4,}")
_FEWEST_WORDS = 4


def lint(profile: Profile, source: Source) -> list[str]:
    """Every breach of style in a profile that could be read, as `file:line:column: text`, in the order of the file."""
    problems = Problems(source)
    for rule in _RULES:
        rule(profile, problems)
    _values(source, problems)
    return problems.lines()


def _names(profile: Profile, problems: Problems) -> None:
    for at, product in enumerate(profile.products):
        path: DataPath = ("products", at)
        if product.brand == "any":
            continue
        if product.brand.islower():
            problems.add((*path, "brand"), "must be written as sold, such as Grandstream")
        if product.brand.lower() in product.model.lower().split():
            problems.add((*path, "model"), f"must not repeat the brand {product.brand}")
    _title(("title",), profile.title, problems)
    for shape in profile.shapes:
        _title(("shapes", shape.name, "title"), shape.title, problems)


def _title(path: DataPath, title: str, problems: Problems) -> None:
    words = _WORD.findall(title)
    if title[:1].islower():
        problems.add(path, "must begin with a capital letter")
    elif title.endswith("."):
        problems.add(path, "must not end with a full stop")
    elif len(words) >= _FEWEST_WORDS and all(word[0].isupper() for word in words):
        problems.add(path, "must be in sentence case: capitals for names only")


def _examples(profile: Profile, problems: Problems) -> None:
    shown = {example.shape for example in profile.examples}
    for shape in profile.shapes:
        if shape.name not in shown:
            problems.add(("shapes", shape.name), "has no example; give at least one call of this shape")
    seen: set[str] = set()
    for at, example in enumerate(profile.examples):
        if example.name in seen:
            problems.add(("examples", at, "name"), "is the name of another example as well")
        seen.add(example.name)


def _links(profile: Profile, problems: Problems) -> None:
    for at, caveat in enumerate(profile.caveats):
        if caveat.link is not None and not caveat.link.startswith("https://"):
            problems.add(("caveats", at, "link"), "must begin with https://")
        for key, text in {"text": caveat.text, **caveat.others}.items():
            if not text.rstrip().endswith("."):
                problems.add(("caveats", at, key), "must be a sentence that ends with a full stop")


def _setup(profile: Profile, problems: Problems) -> None:
    if Transport.PUSH in profile.transports and not profile.setup:
        problems.add(("setup",), "is missing: a device that calls has to be told where; say what to set")
    for at, step in enumerate(profile.setup):
        for name in _PLACEHOLDER.findall(step.value):
            if name not in PLACEHOLDERS:
                known = ", ".join(sorted(PLACEHOLDERS))
                problems.add(("setup", at, "value"), f"has {{{name}}}, which nobody fills in; known are {known}")
        for code, words in step.others.items():
            if sorted(_PLACEHOLDER.findall(words.get("value", step.value))) != sorted(_PLACEHOLDER.findall(step.value)):
                problems.add(("setup", at, code, "value"), "must have the placeholders of the English value")


def _trust(profile: Profile, problems: Problems) -> None:
    captured = {example.shape for example in profile.examples if "captured" in example.source.lower()}
    for shape in profile.shapes:
        if shape.trust is Trust.HARDWARE and shape.name not in captured:
            text = "says hardware; then an example must be a captured call and its source must say so"
            problems.add(("shapes", shape.name, "trust"), text)
    levels = [Trust.SIMULATED, Trust.DOCUMENTED, Trust.HARDWARE]
    best = max((levels.index(shape.trust) for shape in profile.shapes), default=0)
    if levels.index(profile.trust) > best:
        problems.add(("trust",), f"must not claim more than the best shape, which is {levels[best]}")


_RULES: tuple[Callable[[Profile, Problems], None], ...] = (
    _names,
    _examples,
    _links,
    _setup,
    _trust,
)


def _values(source: Source, problems: Problems) -> None:
    """No secrets and no real people, wherever they stand in the file."""
    for path, name, text in _texts(source.data, ()):
        if any(not _EXAMPLE_HOST.fullmatch(found["host"]) for found in _EMAIL.finditer(text)):
            problems.add(path, "has an address that may be somebody's; use example.com, example.org or example.net")
        hidden = path[:1] != ("examples",) or not _SECRET_NAME.search(name) or text in _HIDDEN
        if _SECRET.search(text) or not hidden:
            problems.add(path, "looks like a secret; replace its value by 'removed'")


def _texts(value: object, path: DataPath) -> Iterator[tuple[DataPath, str, str]]:
    """Every text of the file with its place and the name of its key; nesting is bounded by the reader of YAML."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _texts(item, (*path, at))
    elif isinstance(value, str):
        yield path, str(path[-1]) if path else "", value
