"""Keys for tests: of a role as the product knows it, or of any scopes at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from fastapi import FastAPI

from shared.keys.tokens import KeySigner, draw_key


class _RolesNamedByScopes(Mapping[str, frozenset[str]]):
    """The role "tasks.read tasks.manage" has these two scopes."""

    def __getitem__(self, role: str) -> frozenset[str]:
        return frozenset(role.split())

    def __contains__(self, role: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError


ROLES_NAMED_BY_SCOPES = _RolesNamedByScopes()


def take_scopes_for_roles(app: FastAPI) -> None:
    app.state.context = replace(app.state.context, roles=ROLES_NAMED_BY_SCOPES)


def authorization(
    secrets: Sequence[bytes],
    role: str,
    agency: str | None = None,
    *,
    name: str = "thử",
    expires_at: datetime | None = None,
    defence_security: bool = False,
) -> dict[str, str]:
    """The header of a new key that is on no record."""
    key = draw_key(name, role, tenant=agency, expires_at=expires_at, defence_security=defence_security)
    return {"Authorization": f"Bearer {KeySigner(secrets).sign(key)}"}
