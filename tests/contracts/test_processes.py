"""How the tests themselves are shared out among the processes of a run."""

import pytest


@pytest.mark.kafka
def test_those_of_kafka_are_of_one_group(request: pytest.FixtureRequest) -> None:
    """The process that a test runs in is chosen by the group in its id: one broker serves them all."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("this run has one process")
    assert request.node.nodeid.endswith("@kafka")
