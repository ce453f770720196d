"""The page that shows a service's API, from files of our own: it works on a network without the internet."""

from html import escape
from pathlib import Path
from string import Template

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from shared.http.edge import BASE_POLICY

ASSETS = Path(__file__).parent / "static"
PAGE = Template((ASSETS / "reference.html").read_text(encoding="utf-8"))
# Swagger UI sets styles through the document's model, which a policy without 'unsafe-inline' allows
POLICY = f"{BASE_POLICY}; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"


def add_reference_page(app: FastAPI, service: str) -> None:
    """Serve `/<service>/docs`."""
    page = f"/{service}/docs"
    assets = f"{page}/assets"
    app.mount(assets, StaticFiles(directory=ASSETS))
    title = escape(app.summary or app.title)
    content = PAGE.substitute(title=title, document=f"/{service}/openapi.json", assets=assets)

    @app.get(page, include_in_schema=False)
    async def reference_page() -> HTMLResponse:
        return HTMLResponse(content, headers={"Content-Security-Policy": POLICY})
