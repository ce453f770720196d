"""Pages that the links in answers lead to, in Vietnamese and English: problem codes and event schemas."""

from shared.http.pages.routes import pages_router

__all__ = ["pages_router"]
