"""Creating the declared topics, and how those that exist differ."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    InvalidReplicationFactorError,
    KafkaConnectionError,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from shared.log.bus.kafka import client
from shared.log.bus.kafka.client import stop_client
from shared.log.bus.kafka_connection import KafkaConnection
from shared.log.topics import Topic


class TooFewBrokers(RuntimeError):
    """The replication factor is larger than the number of brokers."""

    def __init__(self, brokers: int, replication: int) -> None:
        super().__init__(f"{brokers} brokers cannot hold {replication} copies")
        self.brokers = brokers
        self.replication = replication


class TopicRefused(RuntimeError):
    """Kafka does not create a topic; the message is its own reason."""

    def __init__(self, topic: str, error: KafkaError) -> None:
        super().__init__(" ".join(str(error).split()))
        self.topic = topic


async def create_topics(connection: KafkaConnection, topics: Sequence[Topic]) -> dict[str, str]:
    """Create missing topics; returns by topic `created`, `exists`, or how it differs from the declaration.

    Raises ConnectionError when no broker answers, TooFewBrokers, and TopicRefused.
    """
    admin = AIOKafkaAdminClient(**connection.options(), request_timeout_ms=client.REQUEST_MS)
    try:
        async with asyncio.timeout(client.START_SECONDS):
            await admin.start()
            wanted = [
                NewTopic(topic.name, topic.partitions, topic.replication, topic_configs=dict(topic.config))
                for topic in topics
            ]
            answer = await admin.create_topics(wanted)
            created = {name: for_code(code)(message) for name, code, message in answer.topic_errors}
            return {topic.name: await _outcome(admin, topic, created[topic.name]) for topic in topics}
    except (KafkaConnectionError, TimeoutError):
        raise ConnectionError(f"no Kafka broker answers at {connection.bootstrap}") from None
    finally:
        await stop_client(admin.close)


async def _outcome(admin: AIOKafkaAdminClient, topic: Topic, error: KafkaError) -> str:
    if isinstance(error, TopicAlreadyExistsError):
        return await _differences(admin, topic) or "exists"
    if isinstance(error, InvalidReplicationFactorError):
        brokers = (await admin.describe_cluster())["brokers"]
        raise TooFewBrokers(len(brokers), topic.replication)
    if error.errno != 0:
        raise TopicRefused(topic.name, error)
    return "created"


async def _differences(admin: AIOKafkaAdminClient, topic: Topic) -> str:
    described = (await admin.describe_topics([topic.name]))[0]["partitions"]
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict(topic.config))
    ((answer,),) = ((await admin.describe_configs([resource]))[0].resources,)
    found = {entry[0]: entry[1] for entry in answer[4]} | {
        "partitions": str(len(described)),
        "replication": str(len(described[0]["replicas"])),
    }
    declared = dict(topic.config) | {
        "partitions": str(topic.partitions),
        "replication": str(topic.replication),
    }
    wrong = [
        f"{key} is {found.get(key)}, not {value}"
        for key, value in declared.items()
        if found.get(key) != value
    ]
    return "; ".join(wrong)
