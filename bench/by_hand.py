"""A million tasks of 3,399 agencies asked by hand: each question once cold and three times more, one after the other.

python -m bench.by_hand            # 1,000,000 tasks, made first, which takes minutes
python -m bench.by_hand 20000
"""

import json
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any
from urllib.parse import urlencode

from rich.console import Console
from rich.table import Table

from bench import data
from bench.client import Client, Load, Refused, client_process
from bench.runs import started
from bench.serving import get, ours, token
from bench.tasks_reads import last_march

AGAIN = 3


def _questions() -> dict[str, tuple[str, Mapping[str, Any]]]:
    march = {"as_of": last_march(), "known_at": f"{last_march()}T23:00:00+07:00"}
    return {
        "the list": ("tasks", {}),
        "a page of 200": ("tasks", {"limit": 200}),
        "of Bộ Tài chính": ("tasks", {"agency": "G12"}),
        "led by Bộ Tài chính, overdue": ("tasks", {"agency": "G12", "role": "lead", "status": "overdue"}),
        "overdue": ("tasks", {"status": "overdue"}),
        "due soon": ("tasks", {"status": "due_soon"}),
        "due in half a year or later": ("tasks", {"due_after": data.today().replace(year=data.today().year + 1)}),
        "of a document": ("tasks", {"document": data.DOCUMENT}),
        "with the words đất đai": ("tasks", {"q": "đất đai"}),
        "with the words dat dai dot 77777": ("tasks", {"q": "dat dai dot 77777"}),
        "the list as of last March": ("tasks", march),
        "overdue as of last March": ("tasks", march | {"status": "overdue"}),
        "figures of today": ("statistics", {}),
        "figures of today by agency": ("statistics", {"group_by": "agency"}),
        "figures of today by document": ("statistics", {"group_by": "document"}),
        "figures of last March": ("statistics", march),
        "figures of last March by agency": ("statistics", march | {"group_by": "agency"}),
        "agencies": ("agencies", {"limit": 200}),
    }  # fmt: skip


def main(words: Sequence[str]) -> None:
    size = int(words[0]) if words else 1_000_000
    table = Table(
        "question", "first ms", "again ms", "answer", title=f"{size:,} tasks, one request at a time"
    )
    with started(quick=False, sizes=(size,)) as run, client_process() as client:
        url = data.database_of(run, size)
        with ours("tasks", url) as serving:
            for name, (path, asked) in _questions().items():
                table.add_row(name, *_asked(client, serving.port, f"/tasks/v1/{path}?{urlencode(asked)}"))
    Console(width=140).print(table)


def _asked(client: Client, port: int, path: str) -> tuple[str, str, str]:
    request = get(path, token("reader"))
    try:
        first = client.run(Load(port, [request], 1, 0.0))
        again = [client.run(Load(port, [request], 1, 0.0)).seconds for _ in range(AGAIN)]
    except (Refused, OSError) as error:
        return "", "", str(error)[:100]
    return f"{first.seconds * 1000:,.0f}", f"{median(again) * 1000:,.0f}", _told(json.loads(first.bodies[0]))


def _told(body: Mapping[str, Any]) -> str:
    if "items" in body:
        return f"{len(body['items'])} rows, {'more' if body.get('next_cursor') else 'no more'}"
    overdue = body["by_status"]["overdue"]
    return f"{body['total']:,} in all, {overdue:,} overdue, {len(body['groups'])} groups"


if __name__ == "__main__":
    main(sys.argv[1:])
