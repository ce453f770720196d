"""first form of the tasks database"""

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
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=True),
    sa.Column('bloc', sa.Text(), nullable=False),
    sa.Column('level', sa.Text(), nullable=False),
    sa.Column('parent_code', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("level IN ('central', 'province', 'commune')", name=op.f('ck_agencies_level')),
    sa.ForeignKeyConstraint(['parent_code'], ['agencies.code'], name=op.f('fk_agencies_parent_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_agencies'))
    )
    op.create_index(op.f('ix_agencies_parent_code'), 'agencies', ['parent_code'], unique=False)
    op.create_table('group_aliases',
    sa.Column('alias', sa.Text(), nullable=False),
    sa.Column('group_codes', sa.ARRAY(sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('alias', name=op.f('pk_group_aliases'))
    )
    op.create_table('groups',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_groups'))
    )
    op.create_table('programmes',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('normal_form', sa.Text(), nullable=False),
    sa.Column('similar_form', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_programmes')),
    sa.UniqueConstraint('normal_form', name=op.f('uq_programmes_normal_form'))
    )
    op.create_index(op.f('ix_programmes_similar_form'), 'programmes', ['similar_form'], unique=False)
    op.create_table('agency_aliases',
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('alias', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_agency_aliases_agency_code')),
    sa.PrimaryKeyConstraint('agency_code', 'alias', name=op.f('pk_agency_aliases'))
    )
    op.create_table('agency_identifiers',
    sa.Column('id', sa.Integer(), sa.Identity(always=True), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('scheme', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_agency_identifiers_agency_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agency_identifiers'))
    )
    op.create_index(op.f('ix_agency_identifiers_agency_code'), 'agency_identifiers', ['agency_code'], unique=False)
    op.create_index('ix_agency_identifiers_scheme_value', 'agency_identifiers', ['scheme', 'value'], unique=False)
    op.create_table('agency_predecessors',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('successor_code', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('short_name', sa.Text(), nullable=True),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('unit', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['successor_code'], ['agencies.code'], name=op.f('fk_agency_predecessors_successor_code')),
    sa.PrimaryKeyConstraint('name', 'successor_code', name=op.f('pk_agency_predecessors'))
    )
    op.create_table('documents',
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('normal_form', sa.Text(), nullable=False),
    sa.Column('similar_form', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('issuer_code', sa.Text(), nullable=True),
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['issuer_code'], ['agencies.code'], name=op.f('fk_documents_issuer_code')),
    sa.PrimaryKeyConstraint('code', name=op.f('pk_documents')),
    sa.UniqueConstraint('normal_form', name=op.f('uq_documents_normal_form'))
    )
    op.create_index(op.f('ix_documents_similar_form'), 'documents', ['similar_form'], unique=False)
    op.create_table('group_members',
    sa.Column('group_code', sa.Text(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('valid_from', sa.Date(), server_default=sa.text("'-infinity'::date"), nullable=False),
    sa.Column('valid_to', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('(valid_to IS NULL) = (ended_at IS NULL)', name=op.f('ck_group_members_ended')),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_group_members_agency_code')),
    sa.ForeignKeyConstraint(['group_code'], ['groups.code'], name=op.f('fk_group_members_group_code')),
    sa.PrimaryKeyConstraint('group_code', 'agency_code', 'valid_from', name=op.f('pk_group_members'))
    )
    op.create_index(op.f('ix_group_members_agency_code'), 'group_members', ['agency_code'], unique=False)
    op.create_table('tasks',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('search_text', sa.Text(), nullable=False),
    sa.Column('programme_code', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('state', sa.Text(), nullable=False),
    sa.Column('deliverable', sa.Text(), nullable=True),
    sa.Column('priority', sa.Text(), nullable=False),
    sa.Column('parent_id', sa.Uuid(), nullable=True),
    sa.Column('children_count', sa.Integer(), nullable=False),
    sa.Column('lead_text', sa.Text(), nullable=True),
    sa.Column('coordinate_text', sa.Text(), nullable=True),
    sa.Column('assigned_on', sa.Date(), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('completed_on', sa.Date(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('dated', 'standing')", name=op.f('ck_tasks_kind')),
    sa.CheckConstraint("priority IN ('normal', 'high', 'urgent')", name=op.f('ck_tasks_priority')),
    sa.CheckConstraint("state IN ('open', 'completed', 'cancelled', 'merged')", name=op.f('ck_tasks_state')),
    sa.ForeignKeyConstraint(['parent_id'], ['tasks.id'], name=op.f('fk_tasks_parent_id')),
    sa.ForeignKeyConstraint(['programme_code'], ['programmes.code'], name=op.f('fk_tasks_programme_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks'))
    )
    op.create_index('ix_tasks_order', 'tasks', [sa.literal_column("coalesce(due_on, 'infinity')"), 'id'], unique=False)
    op.create_index(op.f('ix_tasks_parent_id'), 'tasks', ['parent_id'], unique=False, postgresql_where=sa.text('parent_id IS NOT NULL'))
    op.create_index(op.f('ix_tasks_programme_code'), 'tasks', ['programme_code'], unique=False)
    op.create_table('assignments',
    sa.Column('id', sa.Integer(), sa.Identity(always=True), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('position', sa.Text(), nullable=True),
    sa.Column('unit', sa.Text(), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_on', sa.Date(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('lead', 'co_lead', 'coordinate', 'direct', 'accountable')", name=op.f('ck_assignments_role')),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_assignments_agency_code')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_assignments_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignments'))
    )
    op.create_index('ix_assignments_agency_code', 'assignments', ['agency_code', 'role'], unique=False)
    op.create_index('ix_assignments_task_id', 'assignments', ['task_id'], unique=False)
    op.create_index('uq_assignments_in_force', 'assignments', ['task_id', 'agency_code', 'role'], unique=True, postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('citations',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('document_code', sa.Text(), nullable=False),
    sa.Column('clause', sa.Text(), nullable=True),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_code'], ['documents.code'], name=op.f('fk_citations_document_code')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_citations_task_id')),
    sa.PrimaryKeyConstraint('task_id', 'position', name=op.f('pk_citations'))
    )
    op.create_index(op.f('ix_citations_document_code'), 'citations', ['document_code'], unique=False)
    op.create_table('origins',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('document_code', sa.Text(), nullable=False),
    sa.Column('annex', sa.Text(), nullable=False),
    sa.Column('section', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('ref', sa.Text(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_code'], ['documents.code'], name=op.f('fk_origins_document_code')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_origins_task_id')),
    sa.PrimaryKeyConstraint('task_id', 'document_code', name=op.f('pk_origins'))
    )
    op.create_index(op.f('ix_origins_document_code'), 'origins', ['document_code'], unique=False)
    op.create_table('deadlines',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('start_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('recurs_every', sa.Text(), nullable=True),
    sa.Column('recurs_due_day', sa.Integer(), nullable=True),
    sa.Column('recurs_due_month', sa.Integer(), nullable=True),
    sa.Column('flags', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('unread_words', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('document_code', sa.Text(), nullable=True),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_code'], ['documents.code'], name=op.f('fk_deadlines_document_code')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_deadlines_task_id')),
    sa.PrimaryKeyConstraint('task_id', 'revision', name=op.f('pk_deadlines'))
    )
    op.create_table('endings',
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('cancelled', 'merged')", name=op.f('ck_endings_kind')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_endings_task_id')),
    sa.PrimaryKeyConstraint('task_id', name=op.f('pk_endings'))
    )
    op.create_table('submissions',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('task_id', sa.Uuid(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=True),
    sa.Column('completed_on', sa.Date(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decision', sa.Text(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.CheckConstraint("decision IN ('accept', 'return')", name=op.f('ck_submissions_decision')),
    sa.CheckConstraint('(decision IS NULL) = (decided_at IS NULL)', name=op.f('ck_submissions_decided')),
    sa.ForeignKeyConstraint(['agency_code'], ['agencies.code'], name=op.f('fk_submissions_agency_code')),
    sa.ForeignKeyConstraint(['task_id'], ['tasks.id'], name=op.f('fk_submissions_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_submissions'))
    )
    op.create_index('ix_submissions_task_id', 'submissions', ['task_id'], unique=False)
    op.create_index('uq_submissions_accepted', 'submissions', ['task_id'], unique=True, postgresql_where=sa.text("decision = 'accept'"))
    op.create_index('uq_submissions_awaiting', 'submissions', ['task_id'], unique=True, postgresql_where=sa.text('decision IS NULL'))
    op.create_table('evidence',
    sa.Column('submission_id', sa.Uuid(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('document', 'url', 'file')", name=op.f('ck_evidence_kind')),
    sa.ForeignKeyConstraint(['submission_id'], ['submissions.id'], name=op.f('fk_evidence_submission_id')),
    sa.PrimaryKeyConstraint('submission_id', 'position', name=op.f('pk_evidence'))
    )
    platform.upgrade(to=1)
