"""first form of the finance database"""

import sqlalchemy as sa
from alembic import op

import shared.outbox
from sqlalchemy.dialects import postgresql

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
    sa.Column('issued_on', sa.Date(), nullable=False),
    sa.Column('entry', sa.Integer(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('reverses_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('line_count', sa.Integer(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('approve', 'allocate', 'disburse', 'settle', 'carry_over', 'cancel', 'adjust')", name=op.f('ck_decisions_kind')),
    sa.CheckConstraint('(reverses_id IS NULL) = (reason IS NULL)', name=op.f('ck_decisions_reversal')),
    sa.CheckConstraint('line_count > 0', name=op.f('ck_decisions_line_count')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decisions')),
    sa.UniqueConstraint('reverses_id', name=op.f('uq_decisions_reverses_id'))
    )
    op.create_index('ix_decisions_recorded_at', 'decisions', ['recorded_at', 'id'], unique=False)
    op.create_index('uq_decisions_document', 'decisions', ['number', 'kind', 'issued_on', 'entry'], unique=True, postgresql_where=sa.text('reverses_id IS NULL'))
    op.create_table('voucher_lines',
    sa.Column('decision_id', sa.Uuid(), nullable=False),
    sa.Column('line', sa.Integer(), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('agency_code', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('decision_id', 'line', name=op.f('pk_voucher_lines'))
    )
    op.create_index('ix_voucher_lines_voucher', 'voucher_lines', ['year', 'agency_code', 'reference'], unique=False)
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
    op.create_table('api_keys',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('prefix', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('tenant', sa.Text(), nullable=True),
    sa.Column('scopes', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_keys')),
    sa.UniqueConstraint('prefix', name=op.f('uq_api_keys_prefix'))
    )
    op.create_table('audit',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('request_id', sa.Text(), nullable=True),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('entity', sa.Text(), nullable=False),
    sa.Column('entity_id', sa.Text(), nullable=False),
    sa.Column('detail', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit'))
    )
    op.create_index('ix_audit_entity_id', 'audit', ['entity', 'entity_id', 'id'], unique=False)
    op.create_table('dead_letters',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('raw', sa.Text(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dead_letters'))
    )
    op.create_table('idempotency_keys',
    sa.Column('caller', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.LargeBinary(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('headers', postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    sa.Column('body', sa.LargeBinary(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('caller', 'key', name=op.f('pk_idempotency_keys'))
    )
    op.create_table('inbox',
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('event_id', name=op.f('pk_inbox'))
    )
    op.create_table('log_cursors',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('seen', sa.Text(), nullable=False),
    sa.Column('upto', sa.Text(), nullable=False),
    sa.Column('last_id', sa.BigInteger(), nullable=False),
    sa.Column('moved_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_log_cursors'))
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('xid', shared.outbox.Xid8(), server_default=sa.text('pg_current_xact_id()'), nullable=False),
    sa.Column('event_id', sa.Uuid(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('time', sa.DateTime(timezone=True), nullable=False),
    sa.Column('data', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_index('ix_outbox_subject_id', 'outbox', ['subject', 'id'], unique=False)
    op.create_index('ix_outbox_xid_id', 'outbox', ['xid', 'id'], unique=False)
    for statement in (CHECK_POSTINGS, POSTINGS_ADD_UP, REFUSE_CHANGE, APPEND_ONLY, POST_DECISION, RIGHTS):
        op.execute(statement)


# --- what Alembic does not write --------------------------------------------------------------------------------

# The postings of a decision are written by one statement: they are all there, sum to zero, carry its days and are of
# accounts. What comes later for the same decision repeats a position, which the primary key refuses. A foreign key to
# accounts would look each row up by itself and lock it, for a third of the time that a decision of a hundred lines takes.
CHECK_POSTINGS = """
CREATE FUNCTION check_postings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT decision_id, sum(amount) AS total, count(*) AS number, min(position) AS first, max(position) AS last,
                   min(effective_on) AS earliest, max(effective_on) AS latest,
                   min(recorded_at) AS recorded_first, max(recorded_at) AS recorded_last
            FROM fresh GROUP BY decision_id
        ) AS given
        LEFT JOIN decisions AS decision ON decision.id = given.decision_id
        WHERE decision.id IS NULL
           OR given.total <> 0
           OR (given.number, given.first, given.last) <> (2 * decision.line_count, 1, 2 * decision.line_count)
           OR (given.earliest, given.latest) <> (decision.effective_on, decision.effective_on)
           OR (given.recorded_first, given.recorded_last) <> (decision.recorded_at, decision.recorded_at)
    ) OR EXISTS (
        SELECT FROM (SELECT DISTINCT account_id FROM fresh) AS moved
        WHERE NOT EXISTS (SELECT FROM accounts WHERE accounts.id = moved.account_id)
    ) THEN
        RAISE EXCEPTION 'the postings of a decision come at once, sum to zero, carry its days and are of accounts'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
POSTINGS_ADD_UP = """
CREATE TRIGGER postings_add_up AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION check_postings()
"""

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct by a reversal or a newer statement', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$
"""
APPEND_ONLY = """
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['decisions', 'postings', 'claims', 'voucher_lines'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', kept);
    END LOOP;
    CREATE TRIGGER kept BEFORE UPDATE OF id, year, level, agency_code, nature, field, source, stage OR DELETE OR TRUNCATE
        ON accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
END $$
"""

# Posts a decision whole with its audit entry and its events, and returns when it was recorded; NULL, and nothing is
# written, where an agency is not known. What it refuses is an error: DD001 its document is posted already (detail: by
# which decision), DD002 an account would go below zero (detail: JSON, one object per account).
# One call, since whoever waits for a budget's lock waits for every round trip that is made under it.
# The budgets' rows are locked in the order of their keys; every account belongs to one budget, so that these locks order
# all that follows. recorded_at is moved up to that of the newest decision on the same budgets: what was known at any
# instant is then a beginning of the order in which the locks were taken, and never negative either.
# The money of an account on a day is its balance less all that takes effect later.
POST_DECISION = """
CREATE FUNCTION post_decision(
    p_id uuid, p_kind text, p_from text, p_to text, p_number text, p_issued_on date, p_effective_on date,
    p_reverses_id uuid, p_reason text, p_actor text, p_at timestamptz,
    p_years integer[], p_levels text[], p_agencies text[], p_natures text[], p_fields text[], p_sources text[],
    p_amounts bigint[], p_request_id text, p_detail jsonb, p_event_type text, p_event jsonb
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    v_entry integer;
    v_posted uuid;
    v_at timestamptz;
    v_from integer[];
    v_to integer[];
    v_moved integer[];
    v_net bigint[];
    v_number integer[];
    v_short jsonb;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_agencies) AS asked (code)
               WHERE NOT EXISTS (SELECT FROM agencies WHERE agencies.code = asked.code)) THEN
        RETURN NULL;
    END IF;

    SELECT coalesce(max(entry), 0) + 1,
           (array_agg(id) FILTER (WHERE NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = known.id)))[1]
    INTO v_entry, v_posted
    FROM decisions AS known
    WHERE number = p_number AND kind = p_kind AND issued_on = p_issued_on AND reverses_id IS NULL;
    IF p_reverses_id IS NOT NULL THEN
        SELECT entry INTO v_entry FROM decisions WHERE id = p_reverses_id;
    ELSIF v_posted IS NOT NULL THEN
        RAISE EXCEPTION 'document posted already' USING ERRCODE = 'DD001', DETAIL = v_posted::text;
    END IF;

    INSERT INTO audit (at, actor, request_id, action, entity, entity_id, detail)
    VALUES (p_at, p_actor, p_request_id, CASE WHEN p_reverses_id IS NULL THEN 'post' ELSE 'reverse' END, 'decision',
            coalesce(p_reverses_id, p_id)::text, p_detail);

    WITH moved AS (
        SELECT year, level, agency_code, sum(amount) AS amount
        FROM unnest(p_years, p_levels, p_agencies, p_amounts) AS line (year, level, agency_code, amount)
        GROUP BY year, level, agency_code
    ), touched AS (
        INSERT INTO budgets AS budget
        SELECT year, level, agency_code, 1,
               amount * ((p_to = 'authority')::int - (p_from = 'authority')::int),
               amount * ((p_to = 'unallocated')::int - (p_from = 'unallocated')::int),
               amount * ((p_to = 'remaining')::int - (p_from = 'remaining')::int),
               amount * ((p_to = 'disbursed')::int - (p_from = 'disbursed')::int),
               amount * ((p_to = 'settled')::int - (p_from = 'settled')::int),
               amount * ((p_to = 'carried_over')::int - (p_from = 'carried_over')::int),
               amount * ((p_to = 'cancelled')::int - (p_from = 'cancelled')::int),
               CASE WHEN p_kind = 'allocate' AND p_reverses_id IS NULL THEN p_effective_on END,
               CASE WHEN p_kind = 'disburse' AND p_reverses_id IS NULL THEN p_effective_on END,
               p_at
        FROM moved ORDER BY year, level, agency_code
        ON CONFLICT (year, level, agency_code) DO UPDATE SET
            version = budget.version + 1,
            authority = budget.authority + excluded.authority,
            unallocated = budget.unallocated + excluded.unallocated,
            remaining = budget.remaining + excluded.remaining,
            disbursed = budget.disbursed + excluded.disbursed,
            settled = budget.settled + excluded.settled,
            carried_over = budget.carried_over + excluded.carried_over,
            cancelled = budget.cancelled + excluded.cancelled,
            first_allocated_on = least(budget.first_allocated_on, excluded.first_allocated_on),
            last_disbursed_on = greatest(budget.last_disbursed_on, excluded.last_disbursed_on),
            recorded_at = greatest(budget.recorded_at, excluded.recorded_at)
        RETURNING budget.recorded_at
    )
    SELECT max(recorded_at) INTO v_at FROM touched;

    LOOP
        SELECT array_agg(giver.id ORDER BY n), array_agg(taker.id ORDER BY n) INTO v_from, v_to
        FROM unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources)
             WITH ORDINALITY AS line (year, level, agency_code, nature, field, source, n)
        LEFT JOIN accounts AS giver ON giver.stage = p_from
             AND (giver.year, giver.level, giver.agency_code, giver.nature, giver.field, giver.source)
               = (line.year, line.level, line.agency_code, line.nature, line.field, line.source)
        LEFT JOIN accounts AS taker ON taker.stage = p_to
             AND (taker.year, taker.level, taker.agency_code, taker.nature, taker.field, taker.source)
               = (line.year, line.level, line.agency_code, line.nature, line.field, line.source);
        EXIT WHEN array_position(v_from || v_to, NULL) IS NULL;
        INSERT INTO accounts (year, level, agency_code, nature, field, source, stage, balance, latest_effective_on,
                              posting_count)
        SELECT DISTINCT year, level, agency_code, nature, field, source, side.stage, 0, p_effective_on, 0
        FROM unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources)
             AS line (year, level, agency_code, nature, field, source)
        CROSS JOIN (VALUES (p_from), (p_to)) AS side (stage)
        ON CONFLICT DO NOTHING;
    END LOOP;

    SELECT array_agg(id), array_agg(net), array_agg(number) INTO v_moved, v_net, v_number
    FROM (
        SELECT id, sum(amount) AS net, count(*) AS number
        FROM (
            SELECT id, -given FROM unnest(v_from, p_amounts) AS giver (id, given)
            UNION ALL
            SELECT id, given FROM unnest(v_to, p_amounts) AS taker (id, given)
        ) AS side (id, amount)
        GROUP BY id
    ) AS moved;

    IF EXISTS (
        SELECT FROM unnest(v_moved, v_net) AS moved (id, net) JOIN accounts AS account USING (id)
        WHERE net < 0 AND stage <> 'authority' AND (balance + net < 0 OR latest_effective_on > p_effective_on)
    ) THEN
        SELECT jsonb_agg(jsonb_build_object(
                   'line', short.line, 'year', short.year, 'level', short.level, 'agency_code', short.agency_code,
                   'nature', short.nature, 'field', short.field, 'source', short.source, 'stage', short.stage,
                   'available', short.available, 'asked', short.asked, 'before', short.before) ORDER BY short.line)
        INTO v_short
        FROM (
            SELECT account.*, line.first AS line, -moved.net AS asked, lowest.available, lowest.before
            FROM unnest(v_moved, v_net) AS moved (id, net)
            JOIN accounts AS account ON account.id = moved.id AND account.stage <> 'authority'
            JOIN (
                SELECT CASE WHEN amount > 0 THEN giver ELSE taker END AS id, min(n) AS first
                FROM unnest(v_from, v_to, p_amounts) WITH ORDINALITY AS line (giver, taker, amount, n)
                GROUP BY 1
            ) AS line ON line.id = moved.id
            CROSS JOIN LATERAL (
                SELECT account.balance AS available, CAST(NULL AS date) AS before
                UNION ALL
                SELECT account.balance - sum(sum(later.amount)) OVER (ORDER BY later.effective_on DESC),
                       later.effective_on
                FROM postings AS later
                WHERE later.account_id = account.id AND later.effective_on > p_effective_on
                GROUP BY later.effective_on
                ORDER BY 1, 2 LIMIT 1
            ) AS lowest
            WHERE moved.net < 0 AND lowest.available + moved.net < 0
        ) AS short;
        IF v_short IS NOT NULL THEN
            RAISE EXCEPTION 'an account would go below zero' USING ERRCODE = 'DD002', DETAIL = v_short::text;
        END IF;
    END IF;

    INSERT INTO decisions (id, kind, number, issued_on, entry, effective_on, reverses_id, reason, line_count, amount,
                           actor, recorded_at)
    SELECT p_id, p_kind, p_number, p_issued_on, v_entry, p_effective_on, p_reverses_id, p_reason, cardinality(p_amounts),
           sum(amount), p_actor, v_at
    FROM unnest(p_amounts) AS line (amount);

    INSERT INTO postings (decision_id, position, account_id, amount, effective_on, recorded_at)
    SELECT p_id, 2 * n - 1, id, -given, p_effective_on, v_at
    FROM unnest(v_from, p_amounts) WITH ORDINALITY AS giver (id, given, n)
    UNION ALL
    SELECT p_id, 2 * n, id, given, p_effective_on, v_at
    FROM unnest(v_to, p_amounts) WITH ORDINALITY AS taker (id, given, n);

    UPDATE accounts AS account
    SET balance = account.balance + moved.net,
        latest_effective_on = greatest(account.latest_effective_on, p_effective_on),
        posting_count = account.posting_count + moved.number
    FROM unnest(v_moved, v_net, v_number) AS moved (id, net, number)
    WHERE account.id = moved.id;

    IF p_reverses_id IS NOT NULL AND p_kind IN ('allocate', 'disburse') THEN
        UPDATE budgets AS budget
        SET first_allocated_on = told.first_allocated_on, last_disbursed_on = told.last_disbursed_on
        FROM (
            SELECT line.year, line.level, line.agency_code,
                   min(posting.effective_on) FILTER (WHERE decision.kind = 'allocate') AS first_allocated_on,
                   max(posting.effective_on) FILTER (WHERE decision.kind = 'disburse') AS last_disbursed_on
            FROM (SELECT DISTINCT * FROM unnest(p_years, p_levels, p_agencies)) AS line (year, level, agency_code)
            LEFT JOIN accounts AS account
                 ON account.stage = 'remaining'
                AND (account.year, account.level, account.agency_code) = (line.year, line.level, line.agency_code)
            LEFT JOIN postings AS posting ON posting.account_id = account.id
            LEFT JOIN decisions AS decision
                 ON decision.id = posting.decision_id AND decision.kind IN ('allocate', 'disburse')
                AND decision.reverses_id IS NULL
                AND NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = decision.id)
            GROUP BY line.year, line.level, line.agency_code
        ) AS told
        WHERE (budget.year, budget.level, budget.agency_code) = (told.year, told.level, told.agency_code);
    END IF;

    IF v_at > p_at THEN
        UPDATE budgets AS budget SET recorded_at = v_at
        FROM unnest(p_years, p_levels, p_agencies) AS line (year, level, agency_code)
        WHERE (budget.year, budget.level, budget.agency_code) = (line.year, line.level, line.agency_code);
    END IF;

    INSERT INTO outbox (event_id, type, subject, version, time, data)
    SELECT gen_random_uuid(), p_event_type, coalesce(p_reverses_id, p_id)::text,
           CASE WHEN p_reverses_id IS NULL THEN 1 ELSE 2 END, v_at,
           jsonb_set(p_event, CASE WHEN p_reverses_id IS NULL THEN ARRAY['decision', 'recorded_at']
                                   ELSE ARRAY['decision', 'reversal', 'recorded_at'] END, to_jsonb(v_at))
    UNION ALL
    SELECT gen_random_uuid(), 'vn.dondoc.finance.budget.changed.v1', told.id, budget.version, v_at,
           jsonb_build_object('budget', jsonb_build_object(
               'id', told.id, 'version', budget.version, 'year', budget.year, 'level', budget.level,
               'agency_code', budget.agency_code, 'approved', -budget.authority,
               'allocated', -budget.authority - budget.unallocated, 'unallocated', budget.unallocated,
               'disbursed', budget.disbursed + budget.settled, 'settled', budget.settled,
               'remaining', budget.remaining, 'carried_over', budget.carried_over, 'cancelled', budget.cancelled,
               'first_allocated_on', budget.first_allocated_on, 'last_disbursed_on', budget.last_disbursed_on))
    FROM (SELECT DISTINCT * FROM unnest(p_years, p_levels, p_agencies)) AS line (year, level, agency_code)
    JOIN budgets AS budget
      ON (budget.year, budget.level, budget.agency_code) = (line.year, line.level, line.agency_code)
    CROSS JOIN LATERAL (SELECT concat_ws(':', budget.year, budget.level, budget.agency_code) AS id) AS told;
    RETURN v_at;
END $$
"""

# Whoever serves may add to the ledger and not change it. An owner who is no superuser gives the right away himself. A
# superuser has every right, so that his connections take the role dondoc_finance instead (shared/database.py).
RIGHTS = """
DO $$
DECLARE
    service text := 'dondoc_finance';
    kept text;
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', service);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the server: another database's migration made it
        END;
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', service);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I', service);
    ELSE
        service := current_user;
    END IF;
    FOREACH kept IN ARRAY ARRAY['decisions', 'postings', 'claims', 'voucher_lines'] LOOP
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %I FROM %I', kept, service);
    END LOOP;
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON accounts FROM %I', service);
    EXECUTE format('GRANT UPDATE (balance, latest_effective_on, posting_count) ON accounts TO %I', service);
END $$
"""
