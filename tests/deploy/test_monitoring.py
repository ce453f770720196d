"""What Prometheus asks, and whom: names that exist, at places that answer."""

import re
import shutil
import subprocess
import sys
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from services.reference.pages import metrics
from services.roles import ROLES
from tests.deploy.compose import DEPLOY, processes, services

FOLDER = DEPLOY / "prometheus"
CONFIG = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]
# Not ours: Prometheus's own, and node-exporter's filesystem collector.
FOREIGN = {
    "up": {"job", "instance"},
    "node_filesystem_avail_bytes": {"fstype", "mountpoint", "device"},
    "node_filesystem_size_bytes": {"fstype", "mountpoint", "device"},
}
WORDS = {"by", "le", "sum", "rate", "increase", "time", "histogram_quantile"}
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def known() -> dict[str, set[str]]:
    """Labels by the names that queries may use."""
    found = dict(FOREIGN)
    for name, (kind, labels, _) in metrics().items():
        suffixes = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        for suffix in suffixes:
            found[name + suffix] = set(labels) | ({"le"} if suffix == "_bucket" else set())
    return found


def selectors(expression: str) -> list[tuple[str, set[str]]]:
    """Each metric of an expression with the labels it is asked by."""
    bare = re.sub(r"by \([^)]*\)", "", expression)
    found = re.findall(r"\b([a-z_]{2,})\b(?:\{([^}]*)\})?(?!\s*\()", re.sub(r"\[\w+\]", "", bare))
    return [(name, set(re.findall(r"(\w+)\s*[=!]", inside))) for name, inside in found if name not in WORDS]


@every_rule
def test_rules_ask_for_what_exists(rule: dict[str, Any]) -> None:
    asked = [
        (name, labels)
        for name, labels in selectors(re.sub(r'"[^"]*"', '""', rule["expr"]))
        if "_" in name or name == "up"
    ]
    assert asked
    for name, labels in asked:
        assert name in known(), name
        assert labels <= known()[name], name
        grouped = {
            label for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(", ")
        }
        assert grouped <= known()[name], name


def test_what_rules_count_of_deliveries_is_there_before_it_happens() -> None:
    """A series that begins at 1 has not increased; in a process of its own, where nothing has happened yet."""
    show = "import prometheus_client, services.notify.worker; print(prometheus_client.generate_latest().decode())"
    done = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    ended = re.findall(r'^dondoc_deliveries_ended_total\{status="(\w+)"\} 0.0$', done.stdout, re.MULTILINE)
    tried = re.findall(r'^dondoc_webhook_attempts_total\{outcome="(\w+)"\} 0.0$', done.stdout, re.MULTILINE)
    assert set(ended) == {"delivered", "failed"}
    assert set(tried) == {"delivered", "failed", "gone", "lost"}


@every_rule
def test_rules_say_how_urgent_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]
    assert (DEPLOY / "runbooks" / rule["annotations"]["runbook"]).exists()


def test_a_name_that_does_not_exist_is_found() -> None:
    assert selectors('sum(rate(dondoc_gone_total{a="", b!=""}[5m])) by (x) > 1') == [
        ("dondoc_gone_total", {"a", "b"})
    ]
    assert "dondoc_gone_total" not in known()


def test_every_process_is_scraped_where_it_listens() -> None:
    jobs = {job["job_name"]: job for job in CONFIG["scrape_configs"]}
    [ours] = jobs["dondoc"]["static_configs"]
    ports = {name: service["environment"]["DONDOC_PORT"] for name, service in processes().items()}
    assert sorted(ours["targets"]) == sorted(f"{name}:{port}" for name, port in ports.items())
    [machine] = jobs["machine"]["static_configs"]
    assert machine["targets"][0].split(":")[0] in services()
    for name in (*ports, "node-exporter"):
        assert set(services()["prometheus"]["networks"]) & set(services()[name]["networks"])


def test_the_monitor_key_is_read_from_its_secret_and_may_do_nothing_else() -> None:
    [job] = [job for job in CONFIG["scrape_configs"] if job["job_name"] == "dondoc"]
    assert job["authorization"] == {"type": "Bearer", "credentials_file": "/run/secrets/monitor_key"}
    assert services()["prometheus"]["secrets"] == ["monitor_key"]
    assert ROLES["monitor"] == {"metrics.read"}


def test_the_files_are_where_prometheus_looks() -> None:
    assert "--config.file=/etc/prometheus/prometheus.yml" in services()["prometheus"]["command"]
    assert "./deploy/prometheus:/etc/prometheus:ro" in services()["prometheus"]["volumes"]
    assert all((FOLDER / file).exists() for file in CONFIG["rule_files"])


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool here")
@pytest.mark.parametrize(
    "words",
    [
        ("check", "config", "--syntax-only", "prometheus.yml"),
        ("check", "rules", "rules.yml"),
        ("test", "rules", "rules.test.yml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(words: tuple[str, ...]) -> None:
    ran = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
