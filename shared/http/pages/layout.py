"""Layout of a page: one HTML file, without scripts, fonts or images from elsewhere."""

from base64 import b64encode
from hashlib import sha256
from html import escape
from pathlib import Path
from string import Template

from fastapi.responses import HTMLResponse

from shared.http.edge import BASE_POLICY

_FILE = (Path(__file__).parent / "layout.html").read_text(encoding="utf-8")
LAYOUT = Template(_FILE)
MAX_AGE_SECONDS = 3600  # the content changes with a release only
_STYLE = _FILE.partition("<style>")[2].partition("</style>")[0]  # the only one that a browser may apply
_DIGEST = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY = {"Content-Security-Policy": f"{BASE_POLICY}; style-src 'sha256-{_DIGEST}'"}
HEADERS = POLICY | {
    "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}",
    "Vary": "Accept",
}


def page(title: str, content: str, headers: dict[str, str] = HEADERS) -> HTMLResponse:
    """A page of `content`, which is HTML."""
    return HTMLResponse(LAYOUT.substitute(title=escape(title), content=content), headers=headers)


def both(vi: str, en: str) -> str:
    """A paragraph in Vietnamese and the same in English."""
    return f'<p>{escape(vi)}</p>\n<p class="en" lang="en">{escape(en)}</p>'


def link(path: str, text: str) -> str:
    return f'<a href="{escape(path)}">{escape(text)}</a>'


def links(rows: list[tuple[str, str, str]]) -> str:
    """A list of (path, code, words beside it)."""
    items = [
        f"<li><code>{link(path, code)}</code> <span>{escape(words)}</span></li>" for path, code, words in rows
    ]
    return f"<ul>{''.join(items)}</ul>"
