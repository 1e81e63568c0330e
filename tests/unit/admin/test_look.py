"""What every page is made with: the look that was chosen, the parts of pages, times in words, versions, kept fields."""

from __future__ import annotations

import dataclasses
import gzip
import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.admin.conflicts import version_of
from gateway.admin.kept import dropped, kept
from gateway.admin.moments import at_ms, distance, moment
from gateway.admin.origin import local_path
from gateway.admin.templating import Templates
from gateway.messages.languages import PSEUDO, speaking

NOW_MS = 1_790_000_000_000
STATIC = resources.files("gateway.admin") / "static"
TEMPLATES = resources.files("gateway.admin") / "templates"


def text_of(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


async def made(source: str, **context: object) -> str:
    """What a page with these parts says."""
    environment = (await _loaded()).overlay()
    with at_ms(NOW_MS):
        return environment.from_string('{% import "parts.html" as parts %}' + source).render(context)


async def _loaded():  # type: ignore[no-untyped-def]
    templates = Templates()
    await templates.html("sprite.html", {})
    return templates._environment


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (-59, "just now"),
        (30, "in less than a minute"),
        (-60, "1 minute ago"),
        (-119, "1 minute ago"),
        (3599, "in 59 minutes"),
        (-3600, "1 hour ago"),
        (7200, "in 2 hours"),
        (-86400 * 3, "3 days ago"),
        (86400, "in 1 day"),
        (86400 * 45, ""),
        (-86400 * 400, ""),
    ],
)
def test_distances_are_told_in_words(seconds: float, words: str) -> None:
    assert distance(seconds) == words


def test_a_time_is_told_in_the_zone_of_the_gateway() -> None:
    with at_ms(NOW_MS):
        lately = moment(NOW_MS - 5 * 60_000, "Europe/Berlin")
        assert (lately.words, lately.at) == ("5 minutes ago", "16:08")
        assert lately.exact == "2026-09-21 16:08:20 +02:00"
        assert lately.machine == "2026-09-21T14:08:20Z"
        assert moment(NOW_MS - 86_400_000, "UTC").at == "2026-09-20 14:13"
        long_ago = moment(0, "UTC")
        assert (long_ago.words, long_ago.at) == ("1970-01-01 00:00", "")


@given(st.integers(min_value=-(2**63), max_value=2**63), st.sampled_from(["UTC", "Asia/Kathmandu", "America/Caracas"]))
def test_any_number_is_some_time(ms: int, zone: str) -> None:
    with at_ms(NOW_MS):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d", moment(ms, zone).exact)


@pytest.mark.parametrize(
    ("goal", "right"),
    [
        ("/devices/x?y=1", True),
        ("/", True),
        ("", False),
        ("//evil.example", False),
        ("https://evil.example", False),
        ("/\\evil.example", False),
        ("/a\nb", False),
        ("/é", False),
        ("/" + "x" * 500, False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_paths_of_ours_are_led_to(goal: str, right: bool) -> None:
    assert local_path(goal, "/otherwise") == (goal if right else "/otherwise")


def test_passwords_and_secrets_are_not_kept() -> None:
    form = {
        "name": "PBX",
        "csrf": "x",
        "again-to": "/x",
        "client_secret": "s",
        "password": "p",
        "pin": "1",
        "zone": "UTC",
    }
    assert kept(form) == {"name": "PBX", "zone": "UTC"}
    assert dropped(form)
    assert not dropped({"name": "PBX", "csrf": "x", "password": "", "again-password": "p"})


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    days: tuple[int, ...]


@given(st.lists(st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text()))))
def test_a_version_is_the_same_for_the_same_and_only_then(stored: list[object]) -> None:
    assert version_of(*stored) == version_of(*stored)
    assert version_of(*stored) != version_of(*stored, "more")
    assert re.fullmatch(r"[0-9a-f]{24}", version_of(*stored))


def test_a_version_knows_sets_and_objects() -> None:
    assert version_of({"b", "a"}) == version_of({"a", "b"})
    assert version_of({"x": 1, "y": 2}) == version_of({"y": 2, "x": 1})
    assert version_of(Row("a", (1,))) != version_of(Row("a", (2,)))
    assert version_of(1) != version_of("1")
    assert version_of(True) != version_of("True")


async def test_the_parts_of_pages() -> None:
    html = await made(
        '{{ parts.badge("warn", word) }}{{ parts.when(at, "UTC") }}{{ parts.when(none) }}', word="<Late>", at=NOW_MS
    )
    assert '<use href="#i-warn"/>' in html
    assert "&lt;Late&gt;" in html
    assert '<time datetime="2026-09-21T14:13:20Z"' in html
    assert "never" in html
    pages = await made('{{ parts.pager("/x?before=1", "") }}|{{ parts.pager("", "") }}')
    assert 'rel="prev" href="/x?before=1"' in pages
    assert 'rel="next"' not in pages
    assert pages.partition("|")[2] == ""
    chosen = await made('{{ parts.filter_select("state", "State", [("", "All"), ("5", "Five")], 5) }}')
    assert chosen.count("selected") == 1
    assert '<option value="5" selected>' in chosen
    copied = await made('{{ parts.copy_code("lines", text) }}', text="a\n<b>")
    assert 'id="lines"' in copied
    assert 'data-copy-from="lines"' in copied
    assert "a\n&lt;b&gt;" in copied


@pytest.mark.parametrize("language", ["es", *PSEUDO])
async def test_the_parts_speak_the_language_of_the_page(language: str) -> None:
    with speaking("en"):
        english = await made('{{ parts.pager("/a", "/b") }}')
    with speaking(language):
        other = await made('{{ parts.pager("/a", "/b") }}')
    assert language == "es" or english != other


def test_every_sign_that_a_page_shows_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-(\w+)"', (TEMPLATES / "sprite.html").read_text("utf-8")))
    shown = set()
    for path in _files(TEMPLATES):
        shown |= set(re.findall(r'icon\("(\w+)"\)|#i-(\w+)"', path))
    assert {one or other for one, other in shown} <= drawn
    assert drawn >= {"ok", "warn", "bad", "info", "off", "dashboard", "meetings", "devices", "google", "profiles"}


def _files(folder) -> list[str]:  # type: ignore[no-untyped-def]
    texts = []
    for each in folder.iterdir():
        texts += _files(each) if each.is_dir() else [each.read_text("utf-8")]
    return texts


def test_what_every_page_loads_is_light() -> None:
    def weight(text: str) -> int:
        return len(gzip.compress(text.encode(), mtime=0))

    assert weight(text_of("style.css")) <= 12_000
    assert weight(text_of("page.js")) <= 4_000
    assert len((TEMPLATES / "sprite.html").read_bytes()) <= 6_000
    assert weight(text_of("style.css")) + weight(text_of("page.js")) + weight(text_of("htmx.min.js")) <= 30_000


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    ("text", "bg"), ("text", "surface"), ("text", "card"), ("text", "hover"), ("muted", "surface"), ("muted", "card"),
    ("muted", "hover"), ("primary", "card"), ("primary", "surface"), ("primary", "info-bg"), ("on-primary", "primary"),
    ("ok", "ok-bg"), ("warn", "warn-bg"), ("error", "error-bg"), ("info", "info-bg"), ("off", "off-bg"),
    ("text", "ok-bg"), ("text", "warn-bg"), ("text", "error-bg"), ("text", "info-bg"), ("muted", "warn-bg"),
    ("muted", "error-bg"), ("muted", "info-bg"), ("card", "warn"), ("ok", "card"), ("error", "card"),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark", "auto-dark"])
def test_every_text_can_be_read(theme: str) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11: 4.5 for text, 3 for the frames of fields."""
    css = text_of("style.css")
    light = css[: css.index("@media screen and (prefers-color-scheme")]
    auto = css[css.index("@media screen and (prefers-color-scheme") : css.index(':root[data-theme="light"]')]
    dark = css[css.index(':root[data-theme="dark"]') : css.index("*,\n")]
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", {"light": light, "dark": dark, "auto-dark": auto}[theme]))
    assert {
        name: ratio
        for one, other in PAIRS
        if (ratio := contrast(colours[one], colours[other])) < 4.5
        for name in [f"{one} on {other}"]
    } == {}
    assert contrast(colours["border"], colours["bg"]) >= 3
    assert contrast(colours["border"], colours["card"]) >= 3


def test_the_two_dark_looks_are_one_and_paper_is_light() -> None:
    css = text_of("style.css")
    begin, chosen = css.index("@media screen and (prefers-color-scheme: dark) {"), css.index(':root[data-theme="dark"]')
    auto, dark = css[begin : css.index(':root[data-theme="light"]')], css[chosen : css.index("*,\n")]
    colours = re.compile(r"--([\w-]+): ([^;]+);")
    assert dict(colours.findall(auto)) == dict(colours.findall(dark))
    assert css[:chosen].rstrip().endswith("@media screen {")
