"""What cannot be made from the table of services names the same services as it."""

from configparser import ConfigParser

import pytest

from services.reference import PROJECT
from services.register import REGISTER, SERVICES
from services.roles import BOUND, ROLES
from shared.events.envelope import service_of
from shared.keys.revocations import REVOCATION_HANDLERS
from shared.runtime.migrations import newest_revision

every_service = pytest.mark.parametrize("service", SERVICES)
ROOMS = ("use_cases", "queries", "tables")


def ini(path: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None)
    parser.read(PROJECT / path, encoding="utf-8")
    return parser


@every_service
def test_a_service_publishes_its_own_events_and_consumes_others(service: str) -> None:
    entry = REGISTER[service]
    assert {service_of(event_type) for event_type in entry.events} == {service}
    assert set(entry.consumes) <= set(SERVICES) - {service}


@every_service
def test_a_service_has_a_first_migration_and_alembic_finds_it(service: str) -> None:
    assert newest_revision(service) >= "0001"
    location = ini("deploy/alembic.ini")[service]["script_location"]
    assert (PROJECT / "deploy" / location.removeprefix("%(here)s/")).resolve().is_dir()


def test_alembic_knows_no_other() -> None:
    assert tuple(ini("deploy/alembic.ini").sections()) == SERVICES


def test_the_layers_hold_for_every_service() -> None:
    contracts = ini(".importlinter")
    rooms = contracts["importlinter:contract:rooms"]["containers"].split()
    assert rooms == [f"services.{service}" for service in SERVICES]
    below = contracts["importlinter:contract:no-web-below"]["source_modules"].split()
    assert below == [f"services.{service}.{room}" for service in SERVICES for room in ROOMS]
    pure = contracts["importlinter:contract:pure-domain"]["source_modules"].split()
    assert pure == [*(f"services.{service}.domain" for service in SERVICES), "shared.naming"]


def test_roles_speak_of_services_that_are_there() -> None:
    scopes = frozenset().union(*ROLES.values())
    assert {scope.partition(".")[0] for scope in scopes} == {*SERVICES, "metrics", "keys"}
    assert {f"{service}.{what}" for service in SERVICES for what in ("read", "manage")} <= scopes
    assert scopes == ROLES["admin"]
    assert ROLES.keys() >= BOUND


def test_managing_is_for_the_office_alone() -> None:
    managing = {role for role, scopes in ROLES.items() if any(scope.endswith(".manage") for scope in scopes)}
    assert managing == {"office", "admin"}


def test_every_service_learns_of_revoked_keys() -> None:
    """Their log is that of tasks, which writes the entry itself."""
    assert REVOCATION_HANDLERS.keys() == {"tasks"}
    assert {name for name, entry in REGISTER.items() if "tasks" in entry.consumes} == set(SERVICES) - {
        "tasks"
    }
