"""Every stable code with its sentences, read from the source: from the calls that make refusals and row problems.

The source is parsed, not run: a refusal's sentences are beside the rule that raises it, in both languages. The result
is shipped as `shared/http/pages/problems.json`, for the pages that the links in problems lead to.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.reference.writing import as_json, code, page, table
from shared.errors import Refusal
from shared.http.problems import FRAMEWORK, STATUS, framework_code

SOURCES = ("services", "shared")
GATEWAY = Path("deploy/gateway/nginx.conf")
ROW = "hàng / row"  # a row of an import that is refused, in a report that is itself no problem


@dataclass(frozen=True, order=True)
class Entry:
    """One code at one status; the variable parts of the sentences are {…}."""

    code: str
    status: str
    vi: str
    en: str


def errors_page(entries: Iterable[Entry], unread: Iterable[str]) -> str:
    rows = [(code(entry.code), entry.status, entry.vi, entry.en) for entry in entries]
    return page(
        "Mã lỗi / Problem codes",
        "`code` ổn định: hệ thống khác rẽ nhánh theo nó. / `code` is stable: other systems branch on it. Trang của mỗi mã / the page of each: `/problems/<code>`. `{…}` là phần thay "
        f"đổi / is what varies. `{ROW}`: mã trong báo cáo nhập của một dòng / a code in a row's import report.",
        table(("code", "HTTP", "Tiếng Việt", "English"), rows),
        "## Không đọc được từ mã / Not readable from the code",
        "\n".join(f"- {line}" for line in unread) or "—",
    )


def problems_data(entries: Iterable[Entry]) -> str:
    """The entries by code, as JSON for the pages of problems."""
    data: dict[str, list[dict[str, str | int | None]]] = {}
    for entry in entries:
        status = None if entry.status == ROW else int(entry.status)
        found = {"status": status, "detail": entry.vi, "detail_en": entry.en}
        data.setdefault(entry.code, []).append(found)
    return as_json(data)


def collect(project: Path) -> tuple[list[Entry], list[str]]:
    """Every code found, and the calls whose code or sentences are worked out while running."""
    statuses = {kind.__name__: str(status) for kind, status in _kinds()}
    entries = {*_of_the_framework(), *_of_the_gateway(project)}
    unread: set[str] = set()
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _sources(project)}
    constants = _constants(trees.values())
    for path, tree in trees.items():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            found = _read(call, statuses, constants)
            if isinstance(found, list):
                entries |= set(found)
            elif found is not None:
                unread.add(f"`{path.relative_to(project).as_posix()}`: `{found}`")
    return sorted(entries), sorted(unread)


def _sources(project: Path) -> Iterator[Path]:
    for folder in SOURCES:
        yield from sorted((project / folder).rglob("*.py"))


def _of_the_framework() -> Iterator[Entry]:
    for status, (vi, en) in FRAMEWORK.items():
        yield Entry(framework_code(status), str(status), vi, en)


def _of_the_gateway(project: Path) -> Iterator[Entry]:
    """The problems in nginx's own answers, from its configuration."""
    text = (project / GATEWAY).read_text(encoding="utf-8")
    for body in re.findall(r"return [45]\d\d '([^']+)';", text):
        problem = json.loads(body)
        yield Entry(problem["code"], str(problem["status"]), problem["detail"], problem["detail_en"])


def _constants(trees: Iterable[ast.Module]) -> dict[str, str]:
    """Sentences assigned to a module's constant, by its name."""
    found: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in tree.body):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if text := _text(value, {}):
                found.setdefault(name, set()).add(text)
    return {name: texts.pop() for name, texts in found.items() if len(texts) == 1}


def _kinds() -> Iterator[tuple[type[Refusal], int]]:
    """Every kind of refusal that there is, with its status: its own or that of the nearest kind above."""
    kinds = list(Refusal.__subclasses__())
    for kind in kinds:
        kinds += kind.__subclasses__()
        yield kind, next(STATUS[above] for above in kind.__mro__ if above in STATUS)


def _read(
    call: ast.Call, statuses: Mapping[str, str], constants: Mapping[str, str]
) -> list[Entry] | str | None:
    """The entries of a call; its text where it cannot be read; None where it makes no refusal."""
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
    codes = _codes(arguments[0]) if arguments else []
    sentences = [text for argument in arguments[1:3] if (text := _text(argument, constants))]
    if not codes or len(sentences) < 2 or (not status.isdecimal() and status != ROW):  # noqa: PLR2004 - vi, en
        return f"{ast.unparse(call.func)}({', '.join(map(ast.unparse, arguments[:1]))}, …)"
    return [Entry(found, status, *sentences) for found in codes]


def _codes(node: ast.expr) -> list[str]:
    """A literal code, or either of two; none where it is worked out."""
    match node:
        case ast.Constant(value=str(code)):
            return [code]
        case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
            return [one, other]
    return []


def _text(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    """A literal or a constant, with {…} where an f-string has a value; None for anything else."""
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return None
