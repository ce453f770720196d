from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from services.register import REGISTER, declared_topics
from shared.events.envelope import topic_of
from shared.log.bus.kafka import TooFewBrokers, TopicRefused, create_topics
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.topics import as_yaml
from tests.conftest import kafka_or_skip
from tests.support.kafka import running_kafka
from tests.support.processes import run

WRITTEN = Path(__file__).parents[2] / "deploy" / "topics.yml"


def test_the_written_declaration_is_fresh() -> None:
    text = as_yaml(declared_topics())
    assert WRITTEN.read_text(encoding="utf-8") == text
    assert [topic["name"] for topic in yaml.safe_load(text)["topics"]] == [
        topic.name for topic in declared_topics()
    ]


def test_every_event_type_has_its_topic() -> None:
    names = {topic.name for topic in declared_topics()}
    assert {topic_of(each) for service in REGISTER.values() for each in service.events} <= names


@pytest.mark.parametrize(("replication", "in_sync"), [(1, "1"), (2, "1"), (3, "2")])
def test_a_write_needs_all_copies_but_one(replication: int, in_sync: str) -> None:
    assert {topic.config["min.insync.replicas"] for topic in declared_topics(replication)} == {in_sync}


@pytest.mark.kafka
async def test_missing_topics_are_created_and_others_reported(kafka: str) -> None:
    connection = KafkaConnection(kafka)
    declared = replace(declared_topics(replication=1)[0], name=f"dondoc.t{uuid4().hex[:10]}")
    other = replace(declared, name=f"{declared.name}.dead-letters")
    assert await create_topics(connection, [declared]) == {declared.name: "created"}
    assert await create_topics(connection, [declared, other]) == {
        declared.name: "exists",
        other.name: "created",
    }
    grown = replace(declared, partitions=12, config=dict(declared.config) | {"retention.ms": "1000"})
    assert await create_topics(connection, [grown]) == {
        declared.name: "retention.ms is 2592000000, not 1000; partitions is 6, not 12"
    }


@pytest.mark.kafka
async def test_more_copies_than_brokers_are_refused(kafka: str) -> None:
    wanted = replace(declared_topics(replication=9)[0], name=f"dondoc.t{uuid4().hex[:10]}")
    with pytest.raises(TooFewBrokers) as refused:
        await create_topics(KafkaConnection(kafka), [wanted])
    assert (refused.value.brokers, refused.value.replication) == (1, 9)


@pytest.mark.kafka
async def test_what_kafka_itself_refuses_is_told_with_its_reason(kafka: str) -> None:
    wanted = replace(declared_topics(replication=1)[0], name="dondoc/no topic")
    with pytest.raises(TopicRefused, match=r"(?i)invalid") as refused:
        await create_topics(KafkaConnection(kafka), [wanted])
    assert refused.value.topic == wanted.name


@pytest.fixture(scope="module")
def empty_broker() -> Iterator[str]:
    """On the shared broker other tests may have created the declared topics."""
    with kafka_or_skip(running_kafka()) as address:
        yield address


@pytest.mark.kafka
@pytest.mark.parametrize("replication", ["3", None])
def test_the_command_names_the_setting_of_a_single_broker(empty_broker: str, replication: str | None) -> None:
    """Three copies are the default."""
    env = {"DONDOC_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x", "DONDOC_KAFKA": empty_broker}
    env |= {"DONDOC_KAFKA_REPLICATION": replication} if replication else {}
    done = run("topics", env=env, check=False)
    assert done.returncode == 1, f"{done.stdout}\n{done.stderr}"
    vi, en = done.stderr.strip().splitlines()
    assert "1 máy chủ" in vi
    assert "DONDOC_KAFKA_REPLICATION=1" in vi
    assert "DONDOC_KAFKA_REPLICATION=1" in en
