"""The pages for people: metrics, settings, the command."""

import prometheus_client
from prometheus_client import Metric
from typer import Context
from typer.cli import get_docs_for_click
from typer.main import get_command

from services.cli.app import app
from services.cli.processes import settings_reference
from services.reference.writing import HEAD, code, page, table
from shared.runtime.metrics import registry

PREFIX = "dondoc_"
_UNSEEN = frozenset({"le", "quantile"})  # labels that Prometheus itself gives


def metrics() -> dict[str, tuple[str, tuple[str, ...], str]]:
    """The suite's own metrics: type, labels and help by the name that queries use."""
    return {
        _queried(metric): (metric.type, _labels(metric), metric.documentation)
        for metric in registry.collect()
        if metric.name.startswith(PREFIX)
    }


def _queried(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def _labels(metric: Metric) -> tuple[str, ...]:
    collector = registry._names_to_collectors[metric.name]  # noqa: SLF001 - samples have labels only once they occur
    assert isinstance(collector, prometheus_client.metrics.MetricWrapperBase)  # noqa: S101 - ours are such
    labels: tuple[str, ...] = collector._labelnames  # noqa: SLF001 - as above
    return labels


def metrics_page() -> str:
    rows = [
        (code(name), kind, ", ".join(map(code, labels)), text)
        for name, (kind, labels, text) in sorted(metrics().items())
    ]
    return page(
        "Số đo / Metrics",
        "`/metrics` của mỗi tiến trình, bằng khóa có quyền `metrics.read`. / `/metrics` of each process, with a key that "
        "has the scope `metrics.read`. Histogram: `_bucket`, `_sum`, `_count`. Beside these: `process_*` and `python_*`.",
        table(("Tên / Name", "Loại / Type", "Nhãn / Labels", "Ý nghĩa / Meaning"), rows),
    )


def settings_page() -> str:
    rows = [(code(row["variable"]), code(row["default"]), row["meaning"]) for row in settings_reference()]
    return page(
        "Biến môi trường / Environment variables",
        "Mọi tiến trình đọc cùng các biến này; `dondoc settings` liệt kê chúng. / Every process reads these same variables; "
        "`dondoc settings` lists them.",
        table(("Biến / Variable", "Mặc định / Default", "Ý nghĩa / Meaning"), rows),
    )


def cli_page() -> str:
    command = get_command(app)
    return (
        HEAD
        + get_docs_for_click(obj=command, ctx=Context(command, info_name="dondoc"), name="dondoc").strip()
        + "\n"
    )
