"""The log between processes: Apache Kafka, through aiokafka, which nothing else in the suite imports.

Nothing here retries by itself. A failure raises, and the loop that runs it starts over with growing pauses:
the relay from its cursor, a consumer from its last commit. Every call has a time-out, since aiokafka has none of its
own where it retries (aio-libs/aiokafka#1101).
"""

from shared.log.bus.kafka.publisher import KafkaPublisher
from shared.log.bus.kafka.source import KafkaSource
from shared.log.bus.kafka.topics import TooFewBrokers, TopicRefused, create_topics

__all__ = ["KafkaPublisher", "KafkaSource", "TooFewBrokers", "TopicRefused", "create_topics"]
