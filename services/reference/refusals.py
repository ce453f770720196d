"""Every stable code with its sentences, read from the source: from the calls that make refusals and row problems.

Reading beats running here: a refusal's sentences stand beside the rule that raises it, in both languages.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.reference.writing import code, page, table
from shared.errors import Refusal
from shared.problems import STATUS

SOURCES = ("services", "shared")
ROW = "hàng / row"  # a row of an import that is refused, in a report that is itself no problem


@dataclass(frozen=True, order=True)
class Entry:
    """One code at one status; the sentences' variable parts stand as {…}."""

    code: str
    status: str
    vi: str
    en: str


def errors_page(project: Path) -> str:
    entries, unread = collect(project)
    rows = [(code(entry.code), entry.status, entry.vi, entry.en) for entry in entries]
    return page(
        "Mã lỗi / Problem codes",
        "`code` ổn định: hệ thống khác rẽ nhánh theo nó. / `code` is stable: other systems branch on it. `{…}` là phần thay "
        f"đổi / is what varies. `{ROW}`: mã trong báo cáo nhập của một dòng / a code in a row's import report.",
        table(("code", "HTTP", "Tiếng Việt", "English"), rows),
        "## Không đọc được từ mã / Not readable from the code",
        "\n".join(f"- {line}" for line in unread) or "—",
    )


def collect(project: Path) -> tuple[list[Entry], list[str]]:
    """Every code found, and the calls whose code or sentences are worked out while running."""
    statuses = {kind.__name__: str(status) for kind, status in _kinds()}
    entries: set[Entry] = set()
    unread: set[str] = set()
    for path in _sources(project):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            found = _read(call, statuses)
            if isinstance(found, Entry):
                entries.add(found)
            elif found is not None:
                unread.add(f"`{path.relative_to(project).as_posix()}`: `{found}`")
    return sorted(entries), sorted(unread)


def _sources(project: Path) -> Iterator[Path]:
    for folder in SOURCES:
        yield from sorted((project / folder).rglob("*.py"))


def _kinds() -> Iterator[tuple[type[Refusal], int]]:
    """Every kind of refusal that there is, with its status: its own or that of the nearest kind above."""
    kinds = list(Refusal.__subclasses__())
    for kind in kinds:
        kinds += kind.__subclasses__()
        yield kind, next(STATUS[above] for above in kind.__mro__ if above in STATUS)


def _read(call: ast.Call, statuses: dict[str, str]) -> Entry | str | None:
    """The entry of a call; its text where it cannot be read; None where it makes no refusal."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments = call.args
    if name in statuses:
        status = statuses[name]
    elif name == "Problem" and len(arguments) >= 4:  # noqa: PLR2004 - field, code, vi, en
        status, arguments = ROW, arguments[1:]
    elif name == "problem_response":
        status, arguments = ast.unparse(arguments[0]), arguments[1:]
    else:
        return None
    texts = [_text(argument) for argument in arguments[:3]]
    if len(texts) < 3 or None in texts or (not status.isdecimal() and status != ROW):  # noqa: PLR2004 - code, vi, en
        return f"{ast.unparse(call.func)}({', '.join(map(ast.unparse, arguments[:1]))}, …)"
    found, vi, en = (text or "" for text in texts)
    return Entry(found, status, vi, en)


def _text(node: ast.expr) -> str | None:
    """A literal, with {…} where an f-string has a value; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return None
