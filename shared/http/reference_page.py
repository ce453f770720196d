"""The page that shows a service's API, from files of our own: it works on a network without the internet."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = Path(__file__).parent / "static" / "swagger-ui"
NO_ICON = "data:,"


def add_reference_page(app: FastAPI, service: str) -> None:
    """Serve `/<service>/docs`."""
    page = f"/{service}/docs"
    app.mount(f"{page}/assets", StaticFiles(directory=ASSETS))

    @app.get(page, include_in_schema=False)
    async def reference_page() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=f"/{service}/openapi.json",
            title=app.summary or app.title,
            swagger_js_url=f"{page}/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{page}/assets/swagger-ui.css",
            swagger_favicon_url=NO_ICON,
        )
