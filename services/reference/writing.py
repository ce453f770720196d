"""Writing of documents: the same code gives the same bytes."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

HEAD = "<!-- Viết từ mã nguồn bằng `python -m services.reference`. / Written from the code. -->\n\n"


def as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"{HEAD}# {title}", *parts]) + "\n"


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
