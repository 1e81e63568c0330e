"""What is said of metrics elsewhere: the reference names exactly those there are, dashboard and rules no others."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from gateway.operations.integrations import measures, metrics
from gateway.operations.integrations.api_lines import PrivateAddress
from gateway.operations.integrations.standing import scrape_config

DOCS = Path(__file__).parents[2] / "docs"
FILES = resources.files("gateway.operations.integrations")
KNOWN = {
    metric.name + suffix
    for metric in measures.EVERY
    for suffix in {
        "histogram": ("_bucket", "_sum", "_count"),
        "summary": ("_sum", "_count"),
    }.get(metric.kind, ("",))
}


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bgateway_\w+", text))


def test_the_reference_has_every_metric_as_it_is() -> None:
    rows = [
        [each.strip() for each in line.strip("|").split("|")]
        for line in (DOCS / "reference" / "metrics.md").read_text("utf-8").splitlines()
        if line.startswith("| `gateway_")
    ]
    there = [
        [f"`{each.name}`", each.kind, ", ".join(f"`{label}`" for label in each.labels), each.help]
        for each in measures.EVERY
    ]
    assert rows == there


def test_the_reference_says_how_many_devices_are_told_apart() -> None:
    text = (DOCS / "reference" / "metrics.md").read_text("utf-8")
    assert f"has the {metrics.MOST_DEVICES} that were added first" in text
    assert f"tells the first {metrics.MOST_COUNTED} of them apart" in text
    assert f"`{metrics.OTHERS}`" in text


def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    dashboard = json.loads((FILES / "grafana.json").read_text("utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    assert names_in(" ".join(asked)) <= KNOWN
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    taken = [(x + dx, y + dy) for x, y, w, h in places for dx in range(w) for dy in range(h)]
    assert len(taken) == len(set(taken)), "no panel lies on another"
    assert max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {"${datasource}"}


def test_the_rules_ask_for_metrics_that_there_are_and_say_what_to_do() -> None:
    (group,) = yaml.safe_load((FILES / "alert-rules.yml").read_text("utf-8"))["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    assert names_in(" ".join(each["expr"] for each in rules)) <= KNOWN
    assert len({each["alert"] for each in rules}) == len(rules) >= 4
    for each in rules:
        assert set(each) <= {"alert", "expr", "for", "labels", "annotations"}
        assert set(each["annotations"]) == {"summary", "description"}
        assert each["labels"]["severity"] in ("critical", "warning")
        assert all(said.endswith(".") for said in each["annotations"].values())


def test_the_example_of_the_guide_is_what_the_page_shows() -> None:
    guide = (DOCS / "how-to" / "prometheus.md").read_text("utf-8")
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)]
    assert yaml.safe_load(scrape_config(PrivateAddress("https://192.0.2.10:8766", own_certificate=True))) in shown
