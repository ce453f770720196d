"""first form of the datasets database"""

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
    op.create_table('downtimes',
    sa.Column('part', sa.Text(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('known_from', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("part IN ('intake', 'watch')", name=op.f('ck_downtimes_part')),
    sa.PrimaryKeyConstraint('part', 'started_at', name=op.f('pk_downtimes'))
    )
    op.create_table('own_beats',
    sa.Column('part', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('real_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("part IN ('intake', 'watch')", name=op.f('ck_own_beats_part')),
    sa.PrimaryKeyConstraint('part', name=op.f('pk_own_beats'))
    )
    op.create_table('databases',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('owner_code', sa.Text(), nullable=False),
    sa.Column('legal_basis', sa.Text(), nullable=True),
    sa.Column('period_seconds', sa.Integer(), nullable=True),
    sa.Column('grace_seconds', sa.Integer(), nullable=True),
    sa.Column('registered_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('national', 'sector', 'platform', 'system')", name=op.f('ck_databases_kind')),
    sa.CheckConstraint('num_nulls(period_seconds, grace_seconds) IN (0, 2)', name=op.f('ck_databases_expectation_whole')),
    sa.ForeignKeyConstraint(['owner_code'], ['agencies.code'], name=op.f('fk_databases_owner_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_databases'))
    )
    op.create_index(op.f('ix_databases_owner_code'), 'databases', ['owner_code'], unique=False)
    op.create_table('amendments',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=True),
    sa.Column('owner_code', sa.Text(), nullable=True),
    sa.Column('speaks_of_heartbeat', sa.Boolean(), nullable=False),
    sa.Column('period_seconds', sa.Integer(), nullable=True),
    sa.Column('grace_seconds', sa.Integer(), nullable=True),
    sa.Column('holds_from', sa.DateTime(timezone=True), nullable=False),
    sa.Column('said_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('num_nulls(period_seconds, grace_seconds) IN (0, 2)', name=op.f('ck_amendments_expectation_whole')),
    sa.CheckConstraint('speaks_of_heartbeat OR period_seconds IS NULL', name=op.f('ck_amendments_speaks')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_amendments_database_code')),
    sa.ForeignKeyConstraint(['owner_code'], ['agencies.code'], name=op.f('fk_amendments_owner_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_amendments'))
    )
    op.create_index(op.f('ix_amendments_database_code_holds_from_id'), 'amendments', ['database_code', 'holds_from', 'id'], unique=False)
    op.create_table('contradictions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('ndc_connection', sa.Text(), nullable=True),
    sa.Column('basis', sa.DateTime(timezone=True), nullable=False),
    sa.Column('never_synchronised', sa.Boolean(), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closing_recorded_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("kind IN ('joined_but_silent', 'none_but_sending', 'synchronised_but_stale', 'count_fell_to_zero', 'complete_but_empty')", name=op.f('ck_contradictions_kind')),
    sa.CheckConstraint('num_nulls(closed_at, closing_recorded_at) IN (0, 2)', name=op.f('ck_contradictions_closed_whole')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_contradictions_database_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contradictions'))
    )
    op.create_index(op.f('ix_contradictions_'), 'contradictions', [sa.literal_column('opened_at DESC'), sa.literal_column('id DESC')], unique=False)
    op.create_index(op.f('ix_contradictions_database_code'), 'contradictions', ['database_code'], unique=False)
    op.create_index('uq_contradictions_open', 'contradictions', ['database_code', 'kind'], unique=True, postgresql_where=sa.text('closed_at IS NULL'))
    op.create_table('declarations',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('phase', sa.Text(), nullable=True),
    sa.Column('ndc_connection', sa.Text(), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('said_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("ndc_connection IN ('none', 'testing', 'connected', 'synchronised')", name=op.f('ck_declarations_ndc_connection')),
    sa.CheckConstraint("phase IN ('none', 'planned', 'building', 'operating')", name=op.f('ck_declarations_phase')),
    sa.CheckConstraint('num_nonnulls(phase, ndc_connection) > 0', name=op.f('ck_declarations_says_something')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_declarations_database_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_declarations'))
    )
    op.create_index(op.f('ix_declarations_database_code_effective_on_id'), 'declarations', ['database_code', 'effective_on', 'id'], unique=False)
    op.create_table('heartbeats',
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('run_id', sa.Text(), nullable=False),
    sa.Column('observed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('record_count', sa.BigInteger(), nullable=False),
    sa.Column('last_sync_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('record_count >= 0', name=op.f('ck_heartbeats_record_count')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_heartbeats_database_code')),
    sa.PrimaryKeyConstraint('database_code', 'run_id', name=op.f('pk_heartbeats'))
    )
    op.create_index(op.f('ix_heartbeats_database_code_observed_at'), 'heartbeats', ['database_code', 'observed_at'], unique=False, postgresql_include=['record_count', 'recorded_at'])
    op.create_table('maintenances',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('starts_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ends_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('said_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('starts_at < ends_at', name=op.f('ck_maintenances_order')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_maintenances_database_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_maintenances'))
    )
    op.create_index(op.f('ix_maintenances_database_code_starts_at'), 'maintenances', ['database_code', 'starts_at'], unique=False)
    op.create_table('quality_results',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('criterion', sa.Text(), nullable=False),
    sa.Column('measured', sa.Numeric(), nullable=False),
    sa.Column('denominator', sa.Numeric(), nullable=True),
    sa.Column('threshold', sa.Numeric(), nullable=False),
    sa.Column('passed', sa.Boolean(), nullable=False),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('evidence', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('said_by', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("criterion IN ('accurate', 'complete', 'clean', 'live', 'consistent', 'shared')", name=op.f('ck_quality_results_criterion')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_quality_results_database_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_quality_results'))
    )
    op.create_index(op.f('ix_quality_results_database_code_criterion_as_of_id'), 'quality_results', ['database_code', 'criterion', 'as_of', 'id'], unique=False)
    op.create_table('watches',
    sa.Column('database_code', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('phase', sa.Text(), nullable=True),
    sa.Column('ndc_connection', sa.Text(), nullable=True),
    sa.Column('observed', sa.Text(), nullable=False),
    sa.Column('observed_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_check_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('silence_check_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('other_check_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('is_plain', sa.Boolean(), nullable=False),
    sa.Column('checked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('in_time', sa.Interval(), nullable=True),
    sa.Column('last_heartbeat_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('heard_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_sync_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('record_count', sa.BigInteger(), nullable=True),
    sa.CheckConstraint("observed IN ('unknown', 'up', 'late', 'down', 'maintenance')", name=op.f('ck_watches_observed')),
    sa.ForeignKeyConstraint(['database_code'], ['databases.code'], name=op.f('fk_watches_database_code')),
    sa.PrimaryKeyConstraint('database_code', name=op.f('pk_watches'))
    )
    op.create_index('ix_watches_next_check_at', 'watches', ['next_check_at'], unique=False, postgresql_where=sa.text('next_check_at IS NOT NULL'))
    platform.upgrade(to=1)
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: a correction is a new row', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER databases_append_only BEFORE UPDATE OF code, kind, legal_basis, registered_by, recorded_at OR DELETE "
        "ON databases FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for table in ("amendments", "declarations", "quality_results", "heartbeats", "maintenances", "downtimes"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
