"""The table of access: every route with every kind of key, from the scopes and visibilities that routes declare."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from fastapi.routing import APIRoute

from services.reference.writing import code, page, table
from services.register import REGISTER
from services.roles import ROLES
from shared.http.parameters import Takes
from shared.http.routes import ServiceRoute, visibility_of
from shared.http.visibility import Visibility

BOUND_ROLE = "agency"


class Owner(StrEnum):
    """Whose key it is, beside the agency that a row is about."""

    ITSELF = "agency"
    ABOVE = "agency above"
    OTHER = "another agency"


class Outcome(StrEnum):
    """The answer to a caller about a row of that agency."""

    WHOLE = "whole"
    PUBLIC_FORM = "public form"
    LEFT_OUT = "left out"
    KEY_REQUIRED = "401"
    REFUSED = "403"


NO_KEY = "no key"
UNBOUND = tuple(role for role in ROLES if role != BOUND_ROLE)
CALLERS: tuple[str, ...] = (NO_KEY, *UNBOUND, *Owner)
_SEES: Mapping[Visibility, frozenset[Owner]] = {
    Visibility.PUBLIC: frozenset(Owner),
    Visibility.PUBLIC_FORM: frozenset({Owner.ITSELF, Owner.ABOVE}),
    Visibility.CONCERNED: frozenset({Owner.ITSELF, Owner.ABOVE}),
    Visibility.OWN: frozenset({Owner.ITSELF}),
    Visibility.OFFICE: frozenset(),
}


@dataclass(frozen=True)
class Access:
    """A route, and what each caller is answered."""

    service: str
    method: str
    path: str
    scopes: tuple[str, ...]
    visibility: Visibility

    def outcome(self, caller: str) -> Outcome:
        if caller == NO_KEY:
            return Outcome.KEY_REQUIRED
        role = caller if caller in ROLES else BOUND_ROLE
        is_owner = caller in set(Owner)
        if not ROLES[BOUND_ROLE if is_owner else role].issuperset(self.scopes):
            return Outcome.REFUSED
        if not is_owner or Owner(caller) in _SEES[self.visibility]:
            return Outcome.WHOLE
        if self.visibility is Visibility.PUBLIC_FORM:
            return Outcome.PUBLIC_FORM
        return Outcome.LEFT_OUT if self.is_list else Outcome.REFUSED

    @property
    def is_list(self) -> bool:
        """It answers rows or sums of many agencies, rather than one thing that the address or the body names."""
        return self.method == "GET" and "{" not in self.path


def accesses() -> Iterator[Access]:
    """Every route that needs a scope, by service and in the order of its document."""
    for name, service in REGISTER.items():
        for route in (route for router in service.routers for route in router.routes):
            if isinstance(route, ServiceRoute):
                yield _access(name, route)


def _access(service: str, route: APIRoute) -> Access:
    (method,) = (route.methods or set()) - {"HEAD"}
    return Access(service, method, route.path, Takes.of(route).scopes, visibility_of(route))


def access_page() -> str:
    rows = [
        (
            code(f"{each.method} {each.path}"),
            *map(code, each.scopes),
            each.visibility,
            *map(each.outcome, CALLERS),
        )
        for each in accesses()
    ]
    return page(
        "Ai được xem gì / Who may see what", _WORDS, table(("", "scope", "visibility", *CALLERS), rows)
    )


_WORDS = """\
Mỗi dòng là một tuyến; các cột là người gọi. Ba cột cuối là khóa của chính cơ quan mà bản ghi nói đến, của cơ quan cấp trên và
của cơ quan khác. / Each line is a route, the columns are callers. The last three are keys of the agency that a row is about,
of one above it, and of another.

- `whole`: trả lời hoặc làm đầy đủ / answered or done in full;
- `public form`: chỉ phần công khai, `form` là `public` / what is public only, `form` is `public`;
- `left out`: không có trong danh sách, tổng và số trang / in no list, sum or page;
- `403`: `scope_missing`, `other_tenant`, `other_owner`, `not_the_lead`.

Công khai trong hệ thống: danh mục (cơ quan, nhóm, chương trình, văn bản); nội dung giao trong văn bản, cơ quan chủ trì, thời hạn,
tình trạng của nhiệm vụ; khai báo, kết quả chất lượng, trạng thái và mâu thuẫn của cơ sở dữ liệu; số liệu tổng hợp của hai loại
đó; tỉ lệ giải ngân cả nước theo cấp, không kể quốc phòng, an ninh. / Public among keys: the catalogue (agencies, groups,
programmes, documents); what a document orders, who leads, the deadline and the status of a task; what is declared, measured,
seen and contradictory of a database; statistics of both; the country's disbursement by level, defence and security left out.

Tiền quốc phòng, an ninh chỉ khóa cấp với `--defence-security` mới xem và ghi được, vai trò nào cũng vậy; câu trả lời khác nói rõ
trong `coverage.fields_excluded`. Tên và phần đầu của khóa khác chỉ hiện với quyền `keys.read`. / Money of defence and security
is seen and moved only by keys that were made with `--defence-security`, whatever their role; other answers say so in
`coverage.fields_excluded`. Names and prefixes of others' keys are shown with the scope `keys.read` only.

Không cần khóa / without a key: `/healthz`, `/readyz`, `/problems/…`, `/schemas/…`, tài liệu API / the API reference.
`/metrics`: `metrics.read`."""
