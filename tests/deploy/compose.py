"""The compose file as read: its services after merging and interpolation."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # it ships no types

PROJECT = Path(__file__).parents[2]
DEPLOY = PROJECT / "deploy"
COMPOSE = PROJECT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


@cache
def compose() -> dict[str, Any]:
    """With no variable set: what someone gets who changes nothing."""
    text = VARIABLE.sub(lambda found: found[2], COMPOSE.read_text(encoding="utf-8"))
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def ours() -> dict[str, Any]:
    """The services that run this project's image."""
    return {name: service for name, service in services().items() if service["image"].startswith("dondoc-")}


def processes() -> dict[str, Any]:
    """Those of ours that stay: the ones that serve and work."""
    return {name: service for name, service in ours().items() if service["restart"] != "no"}
