"""The services of the suite: one entry makes one known to the suite, the command, the topics and the documents."""

from collections.abc import Mapping

from services.datasets.main import SERVICE as DATASETS
from services.finance.main import SERVICE as FINANCE
from services.notify.main import SERVICE as NOTIFY
from services.tasks.main import SERVICE as TASKS
from shared.log.topics import REPLICATION, Topic, topics_of
from shared.service import Service

REGISTER: Mapping[str, Service] = {service.name: service for service in (TASKS, DATASETS, FINANCE, NOTIFY)}
SERVICES = tuple(REGISTER)


def consumers_of(name: str) -> frozenset[str]:
    """The services that follow the log of one."""
    return frozenset(each for each, service in REGISTER.items() if name in service.consumes)


def declared_topics(replication: int = REPLICATION) -> tuple[Topic, ...]:
    """Every topic of the suite, on a cluster that can hold `replication` copies."""
    consuming = [name for name, service in REGISTER.items() if service.consumes]
    return topics_of(SERVICES, consuming, replication)
