"""The lines for nginx and Caddy in the how-to: whole, and about every header that the gateway would believe."""

from __future__ import annotations

import re
from pathlib import Path

HOW_TO = (Path(__file__).parents[2] / "docs" / "how-to" / "behind-a-reverse-proxy.md").read_text("utf-8")
BELIEVED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix")
TRUSTED = HOW_TO[HOW_TO.index("## 3.") : HOW_TO.index("## 4.")]


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_the_lines_of_nginx_are_whole() -> None:
    found = blocks(HOW_TO, "nginx")
    assert len(found) == 2
    for block in found:
        assert block.count("{") == block.count("}")
        for line in block.splitlines():
            assert re.fullmatch(r"(location \S+ \{|\}|    [a-z_]+( \S+)+;)", line.partition("  #")[0].rstrip()), line
        assert "proxy_set_header Host $http_host;" in block
        assert "proxy_buffering off;" in block


def test_a_trusted_nginx_writes_or_removes_every_header_that_is_believed() -> None:
    [block] = blocks(TRUSTED, "nginx")
    assert set(re.findall(r"proxy_set_header (X-\S+)", block)) == set(BELIEVED)
    assert "$proxy_add_x_forwarded_for" not in block


def test_the_lines_of_caddy_are_whole() -> None:
    found = blocks(HOW_TO, "caddyfile")
    assert len(found) == 2
    for block in found:
        depth = 0
        for line in block.splitlines():
            depth -= line.strip() == "}"
            assert len(line) - len(line.lstrip(" ")) == 4 * depth, line
            depth += line.endswith(" {")
        assert depth == 0
    [block] = blocks(TRUSTED, "caddyfile")
    assert "header_up -X-Forwarded-Prefix" in block, "the one that Caddy does not write of itself"
