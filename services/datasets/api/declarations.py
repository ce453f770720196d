"""Route of declarations: the phase and the connection of a database."""

from services.datasets.api.dependencies import CodeInPath, CurrentRules, Reporter
from services.datasets.schemas.declarations import DeclarationIn, DeclarationOut
from services.datasets.use_cases.authority import require_owner
from services.datasets.use_cases.declarations import record_declaration
from shared.http.problems import documented
from shared.http.routes import CurrentActor, CurrentChange, service_router

router = service_router("datasets")


@router.post(
    "/databases/{code}/declarations", status_code=201, tags=["reporting"], responses=documented(404, 409)
)
async def declare_database(
    code: CodeInPath,
    body: DeclarationIn,
    change: CurrentChange,
    actor: CurrentActor,
    rules: CurrentRules,
    caller: Reporter,
) -> DeclarationOut:
    """Khai báo giai đoạn và kết nối của một cơ sở dữ liệu. / Declare a database's phase and connection.

    Kèm minh chứng; điều đã khai báo trước vẫn được giữ.

    With evidence; earlier declarations are kept.
    """
    await require_owner(change.session, caller, code)
    values = body.model_dump()
    declaration = await record_declaration(
        change.session, code, **values, rules=rules.watch, actor=actor, at=change.at
    )
    return DeclarationOut.model_validate(declaration)
