"""The documents under docs/ that are made from the code, so that both always agree.

`python -m services.reference` writes them; with `--check` it names each that is stale and exits with 1.
"""

from collections.abc import Iterator
from pathlib import Path

from services.reference.access import access_page
from services.reference.asyncapi import asyncapi
from services.reference.events import event_schemas
from services.reference.openapi import openapi
from services.reference.pages import cli_page, metrics_page, settings_page
from services.reference.refusals import collect, errors_page, problems_data
from services.reference.writing import as_json
from services.register import SERVICES, declared_topics
from shared.log.topics import as_yaml

PROJECT = Path(__file__).parents[2]
MADE = ("docs/openapi", "docs/schemas")  # folders that hold nothing else


def documents() -> dict[str, str]:
    """Each document by its path in the project."""
    entries, unread = collect(PROJECT)
    return {
        **{f"docs/openapi/{service}.json": as_json(openapi(service)) for service in SERVICES},
        **{f"docs/schemas/{name}.json": as_json(schema) for name, schema in event_schemas().items()},
        "docs/asyncapi.json": as_json(asyncapi()),
        "docs/access.md": access_page(),
        "docs/cli.md": cli_page(),
        "docs/errors.md": errors_page(entries, unread),
        "docs/metrics.md": metrics_page(),
        "docs/settings.md": settings_page(),
        "shared/http/pages/problems.json": problems_data(entries),
        "deploy/topics.yml": as_yaml(declared_topics()),
    }


def stale(folder: Path = PROJECT) -> Iterator[str]:
    """Each document under `folder` that differs from the code, with the reason."""
    wanted = documents()
    for path, text in wanted.items():
        file = folder / path
        if not file.exists():
            yield f"{path}: missing"
        elif file.read_text(encoding="utf-8") != text:
            yield f"{path}: stale"
    yield from (f"{path}: made from nothing any more" for path in _left_over(folder, wanted))


def write(folder: Path = PROJECT) -> None:
    wanted = documents()
    for path in _left_over(folder, wanted):
        (folder / path).unlink()
    for path, text in wanted.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def _left_over(folder: Path, wanted: dict[str, str]) -> list[str]:
    found = [file for made in MADE for file in sorted((folder / made).glob("*"))]
    return [path for file in found if (path := file.relative_to(folder).as_posix()) not in wanted]
