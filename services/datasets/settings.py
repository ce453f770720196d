"""Settings of the datasets service, beside those of every process."""

from datetime import timedelta

from pydantic import Field

from services.datasets.domain.downtime import LONGEST_TOLERATED_SECONDS
from shared.runtime.settings import Settings


class DatasetsSettings(Settings):
    silent_days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="a database declared connected contradicts that after this many days without a heartbeat",
    )
    clock_skew_seconds: int = Field(
        default=300, ge=0, le=3_600, description="how far a sender's clock may run ahead of ours"
    )
    downtime_seconds: int = Field(
        default=30,  # six beats of ours: a beat or two may be late, and most restarts take less
        ge=10,
        le=LONGEST_TOLERATED_SECONDS,
        description="a gap in the intake of heartbeats or in the watch that is longer than this is a downtime, in which no database becomes late",
    )
    maintenance_days: int = Field(
        default=30, ge=1, le=366, description="longest maintenance window of a database"
    )
    heartbeats_per_day: int = Field(
        default=6_000,  # twice as often as the shortest period that can be agreed, and a day's of them at once
        ge=0,
        le=100_000_000,
        description="heartbeats of one database that are taken in a day by each process, as many at once; 0: no limit",
    )
    metric_databases: int = Field(
        default=500, ge=0, le=10_000, description="databases that have metrics of their own"
    )

    @property
    def silent_after(self) -> timedelta:
        return timedelta(days=self.silent_days)

    @property
    def clock_skew(self) -> timedelta:
        return timedelta(seconds=self.clock_skew_seconds)

    @property
    def downtime(self) -> timedelta:
        return timedelta(seconds=self.downtime_seconds)

    @property
    def longest_maintenance(self) -> timedelta:
        return timedelta(days=self.maintenance_days)
