"""Route of figures of tasks by status."""

from services.tasks.api.dependencies import CurrentRules, Reader, Stable
from services.tasks.queries.statistics import Count, GroupBy, count_tasks
from services.tasks.queries.statistics_today import count_tasks_today
from services.tasks.queries.status import parameters
from services.tasks.schemas.statistics import Statistics, StatisticsGroup
from shared.http.routes import service_router

router = service_router("tasks")


@router.get("/statistics", tags=["statistics"])
async def get_statistics(
    _: Reader,
    stable: Stable,
    rules: CurrentRules,
    group_by: GroupBy | None = None,
    count: Count = "task",
) -> Statistics:
    """Số liệu nhiệm vụ theo tình trạng. / Figures of tasks by status.

    `known_at` trong câu trả lời là thời điểm mà số liệu đúng; hỏi lại với giá trị đó thì luôn nhận cùng số liệu.

    The answer's `known_at` is the instant up to which records count; the same `known_at` gives the same figures again.
    """
    asked = parameters(stable.asked, rules.due_soon_days)
    counted = count_tasks_today if stable.of_today else count_tasks
    whole, groups = await counted(stable.connection, asked, group_by, count)
    return Statistics(
        as_of=stable.asked.as_of,
        known_at=stable.asked.known_at,
        count=count,
        group_by=group_by,
        total=whole.total,
        by_status=whole.by_status,
        groups=[StatisticsGroup.model_validate(group) for group in groups],
    )
