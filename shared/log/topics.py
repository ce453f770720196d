"""Kafka topics of the services: `dondoc topics` creates them, and `deploy/topics.yml` declares the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.events.envelope import TYPE_PREFIX, topic_of

PARTITIONS = (
    6  # consumers of one service that can share the work; more later would move aggregates between them
)
REPLICATION = 3  # brokers that hold each event: one may be down and one more be lost
RETENTION = timedelta(days=30)  # the longest a consumer may be away before the relay has to be rewound for it
DEAD_LETTERS_RETENTION = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as declared; `config` are Kafka's topic-level settings."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


def event_topic(service: str) -> str:
    """The topic on which a service publishes its events."""
    return topic_of(f"{TYPE_PREFIX}.{service}")


def dead_letter_topic(service: str) -> str:
    """The topic with copies of a service's dead letters."""
    return f"dondoc.{service}.dead-letters"


def topics_of(
    services: Iterable[str], consumers: Iterable[str], replication: int = REPLICATION
) -> tuple[Topic, ...]:
    """An event topic for each of `services`, a dead-letter topic for each of `consumers`."""
    return (
        *(_topic(event_topic(name), PARTITIONS, replication, RETENTION) for name in services),
        *(_topic(dead_letter_topic(name), 1, replication, DEAD_LETTERS_RETENTION) for name in consumers),
    )


def _topic(name: str, partitions: int, replication: int, retention: timedelta) -> Topic:
    return Topic(
        name,
        partitions,
        replication,
        {
            "cleanup.policy": "delete",
            "retention.ms": str(retention // timedelta(milliseconds=1)),
            # with acks=all a write is safe on all but one copy, and one broker may rest without stopping the log
            "min.insync.replicas": str(max(1, replication - 1)),
        },
    )


def as_yaml(topics: tuple[Topic, ...]) -> str:
    """The declaration for tools that manage topics themselves."""
    lines = ["# Written from services/register.py; `dondoc topics` creates the same.", "topics:"]
    for topic in topics:
        lines += [
            f"  - name: {topic.name}",
            f"    partitions: {topic.partitions}",
            f"    replication_factor: {topic.replication}",
            "    config:",
            *(f'      {key}: "{value}"' for key, value in topic.config.items()),
        ]
    return "\n".join(lines) + "\n"
