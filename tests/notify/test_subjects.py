"""The registry of subjects: everything else loops over it and names none."""

from configparser import ConfigParser
from pathlib import Path
from pkgutil import iter_modules
from typing import get_args

import services.notify
from services.notify.domain.reminders import ReminderReason
from services.notify.domain.subjects.budgets.examinations import BudgetKind
from services.notify.domain.subjects.databases.changes import DatabaseKind
from services.notify.domain.subjects.tasks.milestones import DeadlineKind
from services.notify.use_cases import subjects
from services.notify.use_cases.subjects import SUBJECTS
from services.reference import PROJECT
from shared.events import notify

NOTIFY = Path(services.notify.__file__).parent
OWN = {"budgets", "budgets.py"}  # names of a subject's own packages and modules
REGISTRY = Path("use_cases/subjects/__init__.py")


def test_a_subject_is_named_in_its_own_files_and_the_registry_alone() -> None:
    """Migrations are the history of the database."""
    files = {file.relative_to(NOTIFY) for file in NOTIFY.rglob("*.py")}
    naming = {file for file in files if "budget" in (NOTIFY / file).read_text(encoding="utf-8").lower()}
    others = {file for file in naming if not OWN & set(file.parts) and file.parts[0] != "migrations"}
    assert others == {REGISTRY}


def test_a_contract_of_imports_protects_every_subject() -> None:
    contracts = ConfigParser()
    contracts.read(PROJECT / ".importlinter")
    protected = {contracts[name].get("protected_modules") for name in contracts.sections()} - {None}
    assert protected == {
        f"services.notify.*.subjects.{module.name}" for module in iter_modules(subjects.__path__)
    }


def test_subjects_and_their_kinds_are_those_of_the_contract() -> None:
    """Written twice, since rules know no contract and contracts no service."""
    assert tuple(SUBJECTS) == get_args(notify.SubjectKind)
    assert {*DeadlineKind, *DatabaseKind, *BudgetKind} == set(get_args(notify.AlertKind))
    about = {name for subject in SUBJECTS.values() for name in subject.alert.model_fields}
    assert set(notify.AlertAbout.__annotations__) == about - {
        *notify.Alert.model_fields,
        "kind",
        "occurred_at",
    }


def test_every_subject_has_an_alert_of_its_own_and_reasons_that_no_other_means() -> None:
    assert len({subject.alert for subject in SUBJECTS.values()}) == len(SUBJECTS)
    assert len({subject.webhook for subject in SUBJECTS.values()}) == len(SUBJECTS)
    for subject in SUBJECTS.values():
        assert not set(subject.reasons) & set(ReminderReason)
