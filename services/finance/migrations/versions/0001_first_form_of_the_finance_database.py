"""first form of the finance database"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

from sqlalchemy.dialects import postgresql

from shared.platform import migrations as platform

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agencies',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=True),
    sa.Column('bloc', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('parent_code', sa.Text(), nullable=True),
    sa.Column('aliases', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('predecessors', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_agencies'))
    )
    op.create_index(op.f('ix_agencies_parent_code'), 'agencies', ['parent_code'], unique=False)
    op.create_table('budgets',
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('authority', sa.BigInteger(), nullable=False),
    sa.Column('unallocated', sa.BigInteger(), nullable=False),
    sa.Column('remaining', sa.BigInteger(), nullable=False),
    sa.Column('disbursed', sa.BigInteger(), nullable=False),
    sa.Column('settled', sa.BigInteger(), nullable=False),
    sa.Column('carried_over', sa.BigInteger(), nullable=False),
    sa.Column('cancelled', sa.BigInteger(), nullable=False),
    sa.Column('first_allocated_on', sa.Date(), nullable=True),
    sa.Column('last_disbursed_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('year', 'level', 'agency_code', name=op.f('pk_budgets'))
    )
    op.create_table('decisions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('normal_form', sa.Text(), nullable=False),
    sa.Column('similar_form', sa.Text(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('reverses_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('line_count', sa.Integer(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('approve', 'allocate', 'disburse', 'recover', 'settle', 'carry_over', 'cancel', 'adjust')", name=op.f('ck_decisions_kind')),
    sa.CheckConstraint('(reverses_id IS NULL) = (reason IS NULL)', name=op.f('ck_decisions_reversal')),
    sa.CheckConstraint('line_count > 0', name=op.f('ck_decisions_line_count')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decisions')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_decisions_reverses_id'))
    )
    op.create_index('ix_decisions_recorded_at', 'decisions', ['recorded_at', 'id'], unique=False)
    op.create_index(op.f('ix_decisions_similar_form'), 'decisions', ['similar_form'], unique=False)
    op.create_index('uq_decisions_document', 'decisions', ['normal_form', 'kind', 'issued_on', 'entry'], unique=True, postgresql_where=sa.text('reverses_id IS NULL'))
    op.create_table('voucher_lines',
    sa.Column('decision_id', sa.Uuid(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('normal_form', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('decision_id', 'line', name=op.f('pk_voucher_lines'))
    )
    op.create_index('ix_voucher_lines_voucher', 'voucher_lines', ['year', 'agency_code', 'normal_form'], unique=False)
    op.create_table('accounts',
    sa.Column('id', sa.Integer(), sa.Identity(always=True), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('nature', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('balance', sa.BigInteger(), nullable=False),
    sa.Column('latest_effective_on', sa.Date(), nullable=False),
    sa.Column('posting_count', sa.Integer(), nullable=False),
    sa.CheckConstraint("balance >= 0 OR stage = 'authority'", name=op.f('ck_accounts_never_negative')),
    sa.CheckConstraint("field IN ('science_innovation', 'digital_transformation', 'defence_security')", name=op.f('ck_accounts_field')),
    sa.CheckConstraint("level IN ('central', 'province', 'commune')", name=op.f('ck_accounts_level')),
    sa.CheckConstraint("nature IN ('capital', 'recurrent')", name=op.f('ck_accounts_nature')),
    sa.CheckConstraint("stage IN ('authority', 'unallocated', 'remaining', 'disbursed', 'settled', 'carried_over', 'cancelled')", name=op.f('ck_accounts_stage')),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_accounts_agency_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accounts')),
    sa.UniqueConstraint('year', 'level', 'agency_code', 'nature', 'field', 'source', 'stage', name='uq_accounts_dimension')
    )
    op.create_table('claims',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('stage', sa.Text(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('nature', sa.Text(), nullable=False),
    sa.Column('field', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('stated_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("field IN ('science_innovation', 'digital_transformation', 'defence_security')", name=op.f('ck_claims_field')),
    sa.CheckConstraint("level IN ('central', 'province', 'commune')", name=op.f('ck_claims_level')),
    sa.CheckConstraint("nature IN ('capital', 'recurrent')", name=op.f('ck_claims_nature')),
    sa.CheckConstraint("stage IN ('registered', 'proposed')", name=op.f('ck_claims_stage')),
    sa.CheckConstraint('amount >= 0', name=op.f('ck_claims_amount')),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_claims_agency_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claims')),
    sa.UniqueConstraint('stage', 'year', 'level', 'agency_code', 'nature', 'field', 'version', name='uq_claims_version')
    )
    op.create_index(op.f('ix_claims_agency_code'), 'claims', ['agency_code'], unique=False)
    op.create_table('postings',
    sa.Column('decision_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount <> 0', name=op.f('ck_postings_amount')),
    sa.PrimaryKeyConstraint('decision_id', 'position', name=op.f('pk_postings'))
    )
    op.create_index(op.f('ix_postings_effective_on'), 'postings', ['effective_on'], unique=False, postgresql_using='brin')
    op.create_index(op.f('ix_postings_recorded_at'), 'postings', ['recorded_at'], unique=False, postgresql_using='brin')
    op.create_index('ix_postings_account', 'postings', ['account_id', 'effective_on'], unique=False, postgresql_include=['recorded_at', 'amount'])
    platform.upgrade(to=1)
    # what Alembic does not write
    run("0001_keeping.sql")
    run("0001_posting.sql")


def run(file: str) -> None:
    """Several statements at once, which the driver takes only as a script, without values."""
    script = Path(__file__).with_name(file).read_text(encoding="utf-8")
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None
    connection.run_async(lambda driver: driver.execute(script))
