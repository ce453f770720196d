"""first form of the notify database"""

import sqlalchemy as sa
from alembic import op

from sqlalchemy.dialects import postgresql

from shared.platform import migrations as platform

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    platform.upgrade(to=1)
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
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('approved', sa.BigInteger(), nullable=False),
    sa.Column('allocated', sa.BigInteger(), nullable=False),
    sa.Column('unallocated', sa.BigInteger(), nullable=False),
    sa.Column('disbursed', sa.BigInteger(), nullable=False),
    sa.Column('remaining', sa.BigInteger(), nullable=False),
    sa.Column('first_allocated_on', sa.Date(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_budgets'))
    )
    op.create_table('databases',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('owner_code', sa.Text(), nullable=False),
    sa.Column('observed', sa.Text(), nullable=False),
    sa.Column('observed_since', sa.DateTime(timezone=True), nullable=False),
    sa.Column('heard_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contradictions', sa.ARRAY(sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_databases'))
    )
    op.create_table('signals',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('subject_kind', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('occasion', sa.Text(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('occurred_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint("kind IN ('dataset.late', 'dataset.down', 'dataset.recovered', 'dataset.contradiction.opened', 'dataset.contradiction.closed', 'budget.behind', 'budget.idle', 'budget.unallocated')", name=op.f('ck_signals_kind')),
    sa.CheckConstraint("status IN ('pending', 'raised', 'superseded', 'moot', 'cancelled')", name=op.f('ck_signals_status')),
    sa.CheckConstraint("subject_kind IN ('database', 'budget')", name=op.f('ck_signals_subject_kind')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signals')),
    sa.UniqueConstraint('kind', 'subject', 'occasion', name='uq_signals_key')
    )
    op.create_index(op.f('ix_signals_agency_code_due_at_id'), 'signals', ['agency_code', 'due_at', 'id'], unique=False)
    op.create_index(op.f('ix_signals_due_at_id'), 'signals', ['due_at', 'id'], unique=False)
    op.create_index('ix_signals_pending', 'signals', ['due_at'], unique=False, postgresql_where=sa.text("status = 'pending'"))
    op.create_index(op.f('ix_signals_subject_kind_subject_due_at_id'), 'signals', ['subject_kind', 'subject', 'due_at', 'id'], unique=False)
    op.create_table('subscriptions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=True),
    sa.Column('include_descendants', sa.Boolean(), nullable=False),
    sa.Column('event_types', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('sealed_secret', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('status_reason', sa.Text(), nullable=True),
    sa.Column('consecutive_failures', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('active', 'disabled', 'deleted')", name=op.f('ck_subscriptions_status')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions'))
    )
    op.create_index('ix_subscriptions_active', 'subscriptions', ['agency_code'], unique=False, postgresql_where=sa.text("status = 'active'"))
    op.create_index(op.f('ix_subscriptions_agency_code_created_at_id'), 'subscriptions', ['agency_code', 'created_at', 'id'], unique=False)
    op.create_index(op.f('ix_subscriptions_created_at_id'), 'subscriptions', ['created_at', 'id'], unique=False)
    op.create_table('tasks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('deadline_text', sa.Text(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('deliverable', sa.Text(), nullable=True),
    sa.Column('children', sa.Integer(), nullable=False),
    sa.Column('responsible', sa.ARRAY(sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks'))
    )
    op.create_table('timers',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('milestone', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('pending', 'raised', 'superseded', 'moot', 'cancelled')", name=op.f('ck_timers_status')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_timers_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_timers')),
    sa.UniqueConstraint('task_id', 'agency_code', 'revision', 'due_on', 'milestone', name='uq_timers_key')
    )
    op.create_index(op.f('ix_timers_agency_code_due_at_id'), 'timers', ['agency_code', 'due_at', 'id'], unique=False)
    op.create_index(op.f('ix_timers_due_at_id'), 'timers', ['due_at', 'id'], unique=False)
    op.create_index('ix_timers_pending', 'timers', ['due_at'], unique=False, postgresql_where=sa.text("status = 'pending'"))
    op.create_table('alerts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('timer_id', sa.Uuid(), nullable=True),
    sa.Column('task_id', sa.Uuid(), nullable=True),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('milestone', sa.Integer(), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('signal_id', sa.Uuid(), nullable=True),
    sa.CheckConstraint('num_nonnulls(timer_id, signal_id) = 1', name=op.f('ck_alerts_timer_or_signal')),
    sa.CheckConstraint('num_nulls(timer_id, task_id, revision, due_on, milestone) IN (0, 5)', name=op.f('ck_alerts_timer_whole')),
    sa.ForeignKeyConstraint(['signal_id'], ['signals.id'], name=op.f('fk_alerts_signal_id')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_alerts_task_id')),
    sa.ForeignKeyConstraint(['timer_id'], ['timers.id'], name=op.f('fk_alerts_timer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alerts')),
    sa.UniqueConstraint('signal_id', name=op.f('uq_alerts_signal_id')),
    sa.UniqueConstraint('timer_id', name=op.f('uq_alerts_timer_id'))
    )
    op.create_index(op.f('ix_alerts_agency_code_raised_at_id'), 'alerts', ['agency_code', 'raised_at', 'id'], unique=False)
    op.create_index(op.f('ix_alerts_kind_raised_at_id'), 'alerts', ['kind', 'raised_at', 'id'], unique=False)
    op.create_index(op.f('ix_alerts_raised_at_id'), 'alerts', ['raised_at', 'id'], unique=False)
    op.create_index(op.f('ix_alerts_task_id_raised_at_id'), 'alerts', ['task_id', 'raised_at', 'id'], unique=False)
    op.create_table('deliveries',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('alert_id', sa.Uuid(), nullable=True),
    sa.Column('subscription_id', sa.Uuid(), nullable=False),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('next_attempt_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_token', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("status IN ('pending', 'delivered', 'failed', 'cancelled')", name=op.f('ck_deliveries_status')),
    sa.CheckConstraint('num_nonnulls(alert_id, body) = 1', name=op.f('ck_deliveries_alert_or_trial')),
    sa.CheckConstraint('num_nulls(lease_token, lease_until) IN (0, 2)', name=op.f('ck_deliveries_lease_whole')),
    sa.ForeignKeyConstraint(['alert_id'], ['alerts.id'], name=op.f('fk_deliveries_alert_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscriptions.id'], name=op.f('fk_deliveries_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('alert_id', 'subscription_id', name=op.f('uq_deliveries_alert_id_subscription_id'))
    )
    op.create_index('ix_deliveries_claimable', 'deliveries', ['subscription_id', 'next_attempt_at'], unique=False, postgresql_where=sa.text("status = 'pending' AND lease_token IS NULL"))
    op.create_index(op.f('ix_deliveries_created_at_id'), 'deliveries', ['created_at', 'id'], unique=False)
    op.create_index('ix_deliveries_failed', 'deliveries', ['id'], unique=False, postgresql_where=sa.text("status = 'failed'"))
    op.create_index('ix_deliveries_leased', 'deliveries', ['subscription_id'], unique=False, postgresql_where=sa.text('lease_token IS NOT NULL'))
    op.create_index('ix_deliveries_retries', 'deliveries', ['next_attempt_at'], unique=False, postgresql_where=sa.text("status = 'pending' AND lease_token IS NULL AND attempts > 0"))
    op.create_index(op.f('ix_deliveries_subscription_id_created_at_id'), 'deliveries', ['subscription_id', 'created_at', 'id'], unique=False)
    op.create_table('attempts',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('delivery_id', sa.Uuid(), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('status_code', sa.Integer(), nullable=True),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('excerpt', sa.Text(), nullable=True),
    sa.Column('address', sa.Text(), nullable=True),
    sa.Column('duration_ms', sa.Integer(), nullable=True),
    sa.CheckConstraint("outcome IN ('in_flight', 'delivered', 'failed', 'gone', 'lost')", name=op.f('ck_attempts_outcome')),
    sa.ForeignKeyConstraint(['delivery_id'], ['deliveries.id'], name=op.f('fk_attempts_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('delivery_id', 'number', name=op.f('uq_attempts_delivery_id_number'))
    )

