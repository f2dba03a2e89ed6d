#!/usr/bin/env python3
"""Checks dashboards and rules. Needs Python 3.9 and nothing else.

    monitoring/check-queries.py                          the files alone
    monitoring/check-queries.py http://localhost:9090    and against a Prometheus that has scraped a
                                                         run with traffic for some minutes

Of the files: every panel has a description, a unit and a query, ids are unique, no panel overlaps
another; every alert has its paragraph in docs/alerts.md and its cases in tests/, one that fires and one that does not.

Of Prometheus: every target is up; every panel's and every recording rule's expression has data, and
so has every query that the README and docs/ show (a line of a ```promql block). An alert's expression has none as long as all is well, so each metric that it reads is asked for alone.

Ends with 1 where something was found.
"""

import json
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
DASHBOARDS = sorted((HERE / "grafana/dashboards").glob("*.json"))

# What Grafana puts in place of its variables.
VARIABLES = {"$__rate_interval": "1m", "$__interval": "15s", "$__range": "1h"}

# Metrics without data in a system that is well: why, and an expression that has data as long as that
# is the reason.
ABSENT = {
    "carpark:unmatched_share:usual": ("begins an hour after the start", "absent(up offset 1h)"),
    "web_backend_camera_heartbeat_age_seconds": (
        "begins with a camera's first heartbeat",
        'sum(web_backend_camera_messages_total{kind="heartbeat"}) == 0',
    ),
    "carpark_webhook_": ("no webhook is configured", "absent(carpark_webhook_disabled)"),
    'reader="stream"': ("the feed is no stream", "absent(carpark_feed_stream_holes_total)"),
    "carpark_feed_stream_": ("the feed is no stream", "absent(carpark_feed_stream_holes_total)"),
    "web_backend_camera_clock_offset_seconds": (
        "begins with a camera's first read",
        "sum(web_backend_camera_reads_total) == 0",
    ),
}


class Prometheus:
    def __init__(self, url):
        self.url = url.rstrip("/")

    def get(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def series(self, expression):
        """How many series with a number it has; NaN is none."""
        try:
            result = self.get("query", query=expression)["result"]
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["error"]) from None
        if isinstance(result[0] if result else None, float):
            return 1  # a scalar
        return sum(1 for series in result if series["value"][1] != "NaN")


def panels():
    """Dashboard, panel, of every panel but rows."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            if panel["type"] != "row":
                yield path.stem, panel


def documented():
    """File, query, of every line of a ```promql block of the README and docs/."""
    for path in [HERE.parent / "README.md", *sorted((HERE.parent / "docs").glob("*.md"))]:
        for block in re.findall(r"^```promql\n(.*?)^```$", path.read_text(), re.M | re.S):
            for line in block.splitlines():
                query = re.sub(r"\s+#.*", "", line).strip()
                if query:
                    yield path.name, query


def alerts():
    return re.findall(r"^\s*- alert: (\w+)", (HERE / "rules/alerts.yml").read_text(), re.M)


def selectors(expression):
    """The metrics that an expression reads, with their matchers."""
    names = r"\b(?:(?:backend|web_backend|rabbitmq|carpark)[_:][\w:]*|up\b)(?:\{[^}]*\})?"
    return sorted(set(re.findall(names, expression)))


def check_files(found):
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            found(f"{path.name}: an id is used twice")
        taken = set()
        for panel in dashboard["panels"]:
            at = panel["gridPos"]
            columns, rows = range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
            cells = {(x, y) for x in columns for y in rows}
            if cells & taken or at["x"] + at["w"] > 24:
                found(f"{path.name}: {panel['title']} overlaps another panel, or the edge")
            taken |= cells
    for board, panel in panels():
        name = f"{board}: {panel['title']}"
        if not panel.get("description"):
            found(f"{name}: no description")
        if not panel["fieldConfig"]["defaults"].get("unit"):
            found(f"{name}: no unit")
        if panel.get("datasource", {}).get("uid") != "prometheus":
            found(f"{name}: another datasource than `prometheus`")
        if not panel.get("targets"):
            found(f"{name}: no query")

    headings = re.findall(r"^#+ (\w+)$", (HERE.parent / "docs/alerts.md").read_text(), re.M)
    tests = "".join(path.read_text() for path in sorted((HERE / "tests").glob("*.yml")))
    rules = (HERE / "rules/alerts.yml").read_text()
    for alert in alerts():
        if f"docs/alerts.md#{alert.lower()}\n" not in rules:
            found(f"{alert}: no runbook_url of its own")
        if alert not in headings:
            found(f"{alert}: no paragraph in docs/alerts.md")
        cases = re.findall(rf"alertname: {alert}\n\s*exp_alerts:( \[\])?", tests)
        if "" not in cases:
            found(f"{alert}: no test where it fires")
        if " []" not in cases:
            found(f"{alert}: no test where it does not fire")
    if not any(True for _ in documented()):
        found("neither the README nor docs/ show a query")
    for heading in headings:
        if heading not in alerts() and re.search(r"[a-z][A-Z]", heading):
            found(f"docs/alerts.md: {heading} is no alert")


def check_data(prometheus, found):
    count = 0

    def wants_data(name, expression):
        nonlocal count
        count += 1
        try:
            if prometheus.series(expression):
                return
        except ValueError as error:
            found(f"{name}: {error}: {expression}")
            return
        why = next(
            (
                why
                for metric, (why, as_long_as) in ABSENT.items()
                if metric in expression and prometheus.series(as_long_as)
            ),
            None,
        )
        if why:
            print(f"  none yet: {expression} ({why})")
        else:
            found(f"{name}: no data: {expression}")

    for target in prometheus.get("targets")["activeTargets"]:
        if target["health"] != "up":
            name = f"{target['scrapePool']} {target['scrapeUrl']}"
            found(f"target {name} is {target['health']}: {target['lastError']}")

    for board, panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            wants_data(f"{board}: {panel['title']}", expression)

    for name, query in documented():
        wants_data(name, query)

    groups = prometheus.get("rules")["groups"]
    if not groups:
        found("Prometheus has no rules")
    asked = set()
    for rule in (rule for group in groups for rule in group["rules"]):
        if rule["health"] != "ok":
            found(f"rule {rule['name']} is {rule['health']}: {rule.get('lastError', '')}")
        if rule["type"] == "recording":
            wants_data(f"rule {rule['name']}", rule["name"])
            continue
        for selector in selectors(rule["query"]):
            if selector not in asked:
                asked.add(selector)
                wants_data(f"alert {rule['name']}", selector)
    targets = len(prometheus.get("targets")["activeTargets"])
    print(f"  {count} expressions asked, {targets} targets")


def main():
    if len(sys.argv) > 2 or (len(sys.argv) == 2 and not sys.argv[1].startswith("http")):
        print(__doc__)
        return 2
    findings = []
    begun = time.monotonic()
    check_files(findings.append)
    if len(sys.argv) == 2:
        check_data(Prometheus(sys.argv[1]), findings.append)
    for finding in findings:
        print(finding)
    print(f"{len(findings)} findings in {time.monotonic() - begun:.1f} s")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
