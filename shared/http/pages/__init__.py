"""Pages that the links in answers lead to, in Vietnamese and English: what a problem's code means, an event's schema."""

from shared.http.pages.routes import pages_router

__all__ = ["pages_router"]
