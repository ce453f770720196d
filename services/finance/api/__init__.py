"""Routes of the finance service: parse, call one use case or query, return."""

from services.finance.api import balances, changes, claims, decisions, disbursement, imports, statements
from shared.http.uploads import MAX_UPLOAD_BYTES

ROUTERS = (
    decisions.router,
    claims.router,
    balances.router,
    disbursement.router,
    statements.router,
    imports.router,
    changes.router,
)
BODY_LIMITS = {decisions.PATH: decisions.MAX_BODY_BYTES, imports.PATH: MAX_UPLOAD_BYTES}
