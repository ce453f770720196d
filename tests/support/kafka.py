"""A real Apache Kafka for the tests: one broker in KRaft mode, given by address, or run by Java, or by Docker."""

import asyncio
import base64
import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from shared.log.bus.kafka import KafkaPublisher
from shared.log.bus.kafka_connection import KafkaConnection
from tests.support.ports import free_port

VERSION = "4.3.0"
ROOT = Path(__file__).parents[2]
JARS = ROOT / ".cache" / f"kafka-{VERSION}"
POM = Path(__file__).parent / "kafka" / "pom.xml"
UP_SECONDS = 60.0  # up in 2.5 s on a quiet machine
FETCH_SECONDS = 600.0  # 44 MB of jars or 400 MB of image, the first time

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
# after kill -9 the controller counts the old broker as alive for so long (9 s by default)
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
"""


class KafkaAbsent(RuntimeError):
    """No way to run Kafka here; the message says how to get one."""


class Broker(Protocol):
    @property
    def address(self) -> str: ...

    def start(self) -> None:
        """Begin to run; `wait_until_up` tells when it answers."""
        ...

    def kill(self) -> None:
        """kill -9: what was not written is lost."""
        ...

    def remove(self) -> None: ...


class JavaBroker:
    """Its data lie in a temporary folder; it dies with the process that started it, however that ends."""

    def __init__(self, jars: Path) -> None:
        self._jars = jars
        self._folder = Path(tempfile.mkdtemp(prefix="dondoc-kafka-"))
        self._process: subprocess.Popen[bytes] | None = None
        port, controller = free_port(), free_port()
        self.address = f"127.0.0.1:{port}"
        self._properties = self._folder / "server.properties"
        self._properties.write_text(
            PROPERTIES.format(port=port, controller=controller, folder=self._folder), encoding="ascii"
        )
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._java("kafka.tools.StorageTool", "format", "-t", cluster, "--standalone", "-c").wait()

    def start(self) -> None:
        self._process = self._java("kafka.Kafka")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _java(self, *command: str) -> subprocess.Popen[bytes]:
        bound = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        java = ["java", "-Xmx512m", "-cp", f"{self._jars}/*"]
        with (self._folder / "output").open("ab") as output:
            return subprocess.Popen(
                [*bound, *java, *command, str(self._properties)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


class DockerBroker:
    """The official image; ports on 127.0.0.1 only."""

    def __init__(self) -> None:
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        settings = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.address}",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
            "KAFKA_BROKER_SESSION_TIMEOUT_MS": "1500",
            "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "300",
        }
        environment = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
        created = _run(
            ["docker", "create", "-p", f"{self.address}:9092", *environment, f"apache/kafka:{VERSION}"]
        )
        if created.returncode != 0:
            raise KafkaAbsent(f"Docker could not create a broker: {created.stderr.strip()[-300:]}")
        self._container = created.stdout.strip()

    def start(self) -> None:
        _run(["docker", "start", self._container])

    def kill(self) -> None:
        _run(["docker", "kill", self._container])

    def remove(self) -> None:
        _run(["docker", "rm", "--force", "--volumes", self._container])


@contextmanager
def running_kafka() -> Iterator[str]:
    """Bootstrap address of a broker; `KafkaAbsent` where there is none to be had."""
    if address := os.environ.get("DONDOC_TEST_KAFKA"):
        asyncio.run(wait_until_up(address))
        yield address
        return
    broker = _come_up()
    try:
        yield broker.address
    finally:
        broker.remove()


def _come_up(tries: int = 2) -> Broker:
    """A broker that answers; another one where somebody took its port before it did."""
    broker = _make_broker()
    broker.start()
    try:
        asyncio.run(wait_until_up(broker.address))
    except TimeoutError:
        broker.remove()
        if tries == 1:
            raise
        return _come_up(tries - 1)
    return broker


@contextmanager
def own_broker() -> Iterator[Broker]:
    """A broker that the test may start and kill."""
    broker = _make_broker()
    try:
        yield broker
    finally:
        broker.remove()


async def wait_until_up(address: str) -> None:
    publisher = KafkaPublisher(KafkaConnection(address))
    until = time.monotonic() + UP_SECONDS
    try:
        while (trouble := await publisher.trouble()) is not None:
            if time.monotonic() > until:
                raise TimeoutError(f"the broker at {address} did not come up: {trouble}")
            await asyncio.sleep(0.1)
    finally:
        await publisher.close()


def _make_broker() -> Broker:
    reasons = []
    for make in (_java_broker, _docker_broker):
        try:
            return make()
        except KafkaAbsent as absent:
            reasons.append(str(absent))
    raise KafkaAbsent("; ".join(reasons))


def _java_broker() -> Broker:
    found = _run(["java", "-version"])
    version = re.search(r'version "(\d+)', found.stderr)
    if version is None or int(version[1]) < 17:  # what the brokers of Kafka 4 need
        raise KafkaAbsent("no Java 17")
    if not JARS.exists():
        _fetch_jars()
    return JavaBroker(JARS)


def _fetch_jars() -> None:
    """Whole or not at all: several runs may fetch at once, and any may be interrupted."""
    JARS.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=JARS.parent))
    fetched = _run(
        ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={draft}"]
    )
    if fetched.returncode == 0:
        with suppress(OSError):  # another run was quicker
            draft.rename(JARS)
    shutil.rmtree(draft, ignore_errors=True)
    if not JARS.exists():
        raise KafkaAbsent(f"Maven could not fetch Kafka: {(fetched.stderr or fetched.stdout).strip()[-300:]}")


def _docker_broker() -> Broker:
    if _run(["docker", "info"]).returncode != 0:
        raise KafkaAbsent("no Docker engine answers")
    return DockerBroker()


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """A finished command; one that is not installed counts as failed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))
