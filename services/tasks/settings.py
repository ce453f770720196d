"""Settings of the tasks service, beside those of every process."""

from pydantic import Field

from shared.runtime.settings import Settings


class TasksSettings(Settings):
    due_soon_days: int = Field(
        default=7, ge=1, le=365, description="a task is due_soon this many days before its deadline"
    )
    before_includes_day: bool = Field(
        default=False, description="read 'trước ngày D' as in time on day D itself, not only the day before"
    )
