"""The caller of an API key, derived from the key itself, the roles in code and the revoked keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Forbidden, Unauthenticated
from shared.keys.revocations import Revocations
from shared.keys.tokens import KeySigner
from shared.keys.viewers import Viewer
from shared.runtime.clock import Clock
from shared.runtime.database import Database

Roles = Mapping[str, frozenset[str]]  # role -> scopes
KEYS = "keys.read"  # the scope of those who may know the names and prefixes of all keys


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key: its scopes, the tenant it is bound to (None: not bound), the money that it may see."""

    prefix: str
    name: str
    tenant: str | None
    scopes: frozenset[str]
    defence_security: bool = False

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.tenant, self.defence_security, self.may(KEYS), self.prefix)

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def require(self, scope: str) -> None:
        if not self.may(scope):
            raise Forbidden(
                "scope_missing",
                f"Khóa này không có quyền {scope}: đề nghị đơn vị vận hành cấp khóa có quyền đó.",
                f"This key lacks the scope {scope}: ask the operator for a key that has it.",
                scope=scope,
            )

    def require_tenant(self, tenant: str | None) -> None:
        """Refuse a bound key that acts for another."""
        if self.tenant is not None and tenant != self.tenant:
            raise Forbidden(
                "other_tenant",
                f"Khóa này chỉ dùng được cho {self.tenant}.",
                f"This key acts for {self.tenant} only.",
            )


class KeyVerifier:
    """Verifies keys for one service. Its scopes follow from the role at that moment: a new scope needs no new key."""

    def __init__(self, secrets: Sequence[bytes], roles: Roles, database: Database, clock: Clock) -> None:
        self.revocations = Revocations(database, clock)
        self._signer = KeySigner(secrets)
        self._roles = roles
        self._clock = clock

    async def verify(self, token: str) -> Caller:
        """The caller of a token. The refusal is the same for every cause.

        Raises:
            Unauthenticated: not signed by this suite, expired, revoked, or of a role that no longer exists.
            Unavailable: the list of revoked keys cannot be read.
        """
        key = self._signer.read(token)
        if key is None or key.role not in self._roles or key.has_expired(self._clock.now()):
            raise unauthenticated()
        if key.prefix in await self.revocations.current():
            raise unauthenticated()
        return Caller(
            key.prefix, key.name, key.tenant, self._roles[key.role], defence_security=key.defence_security
        )


def unauthenticated() -> Unauthenticated:
    return Unauthenticated(
        "key_required",
        "Cần khóa API còn hiệu lực: gửi tiêu đề Authorization: Bearer <khóa>.",
        "A valid API key is required: send the header Authorization: Bearer <key>.",
    )
