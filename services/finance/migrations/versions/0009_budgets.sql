-- Budgets leave out money of defence and security, which accounts alone hold: their events go to whoever follows the log.

-- After a reversal: the first and last days of budgets once more, from the decisions that still hold.
DROP FUNCTION redate_budgets(integer[], text[], text[]);
CREATE FUNCTION redate_budgets(p_budgets uuid[]) RETURNS void LANGUAGE sql SET enable_seqscan = off AS $$
    UPDATE budgets AS budget
    SET (first_allocated_on, last_disbursed_on) = (
        SELECT min(effective_on) FILTER (WHERE kind = 'allocate'), max(effective_on) FILTER (WHERE kind = 'disburse')
        FROM (
            SELECT posting.effective_on,
                   (SELECT kind FROM decisions AS decision
                    WHERE decision.id = posting.decision_id AND reverses_id IS NULL
                      AND NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = decision.id)) AS kind
            FROM accounts AS account
            CROSS JOIN LATERAL (
                SELECT decision_id, effective_on FROM postings WHERE account_id = account.id OFFSET 0
            ) AS posting
            WHERE (account.year, account.level, account.agency_code) = (budget.year, budget.level, budget.agency_code)
              AND account.stage = 'remaining' AND account.field <> 'defence_security'
        ) AS standing
    )
    WHERE id = ANY (p_budgets)
$$;

-- Posts a decision whole with its audit entry and returns the budgets that it moved, as they are then; no row, and nothing
-- is written, where an agency is not known. Their recorded_at is that of the decision. The statement that calls it writes
-- the events (use_cases/ledger.py). What it refuses is an error: DD001 its document is posted already (detail: by which
-- decision), DD002 an account would go below zero (detail: JSON, one object per account), DD003 its number is similar to
-- others and not yet in the ledger (detail: JSON, those numbers). A decision that was reversed stands in nobody's way.
-- A budget's row, of which its events are made, leaves defence and security out; it is locked and numbered by them too.
-- One call, since whoever waits for a budget's lock waits for every round trip that is made under it.
-- Statistics may tell of one row where there are thousands: of a table that was empty a moment ago, or that this very
-- transaction fills; and a session keeps plans. So rows are found by their keys, in scalar subqueries and by = ANY, and
-- nothing is joined by nested loops: 10,000 lines took 12 s by one that was planned for one account, and 1 s so.
-- The budgets' rows are locked in the order of their keys; every account belongs to one budget, so that these locks order
-- all that follows. recorded_at is moved up to that of the newest decision on the same budgets: what was known at any
-- instant is then a beginning of the order in which the locks were taken, and never negative either.
CREATE OR REPLACE FUNCTION post_decision(
    p_id uuid, p_kind text, p_from text, p_to text, p_number text, p_normal_form text, p_similar_form text,
    p_similar_is_meant boolean, p_issued_on date, p_effective_on date, p_reverses_id uuid, p_reason text, p_actor text, p_at timestamptz,
    p_years integer[], p_levels text[], p_agencies text[], p_natures text[], p_fields text[], p_sources text[],
    p_amounts bigint[], p_request_id text, p_detail jsonb
) RETURNS SETOF budgets LANGUAGE plpgsql SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    v_entry integer;
    v_posted uuid;
    v_similar jsonb;
    v_at timestamptz;
    v_from integer[];
    v_to integer[];
    v_moved integer[];
    v_net bigint[];
    v_number integer[];
    v_budgets uuid[];
    v_short jsonb;
BEGIN
    IF EXISTS (SELECT FROM unnest(p_agencies) AS asked (code)
               WHERE (SELECT code FROM agencies WHERE agencies.code = asked.code) IS NULL) THEN
        RETURN;
    END IF;

    INSERT INTO audit (at, actor, request_id, action, entity, entity_id, detail)
    VALUES (p_at, p_actor, p_request_id, CASE WHEN p_reverses_id IS NULL THEN 'post' ELSE 'reverse' END, 'decision',
            coalesce(p_reverses_id, p_id)::text, p_detail);

    WITH moved AS (
        SELECT year, level, agency_code,
               coalesce(sum(amount) FILTER (WHERE field <> 'defence_security'), 0) AS amount,
               bool_or(field <> 'defence_security') AS is_told
        FROM unnest(p_years, p_levels, p_agencies, p_fields, p_amounts) AS line (year, level, agency_code, field, amount)
        GROUP BY year, level, agency_code
    ), touched AS (
        INSERT INTO budgets AS budget (year, level, agency_code, version, authority, unallocated, remaining, disbursed,
                                       settled, carried_over, cancelled, first_allocated_on, last_disbursed_on, recorded_at)
        SELECT year, level, agency_code, 1,
               amount * ((p_to = 'authority')::int - (p_from = 'authority')::int),
               amount * ((p_to = 'unallocated')::int - (p_from = 'unallocated')::int),
               amount * ((p_to = 'remaining')::int - (p_from = 'remaining')::int),
               amount * ((p_to = 'disbursed')::int - (p_from = 'disbursed')::int),
               amount * ((p_to = 'settled')::int - (p_from = 'settled')::int),
               amount * ((p_to = 'carried_over')::int - (p_from = 'carried_over')::int),
               amount * ((p_to = 'cancelled')::int - (p_from = 'cancelled')::int),
               CASE WHEN is_told AND p_kind = 'allocate' AND p_reverses_id IS NULL THEN p_effective_on END,
               CASE WHEN is_told AND p_kind = 'disburse' AND p_reverses_id IS NULL THEN p_effective_on END,
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
        RETURNING budget.id, budget.recorded_at
    )
    SELECT max(recorded_at), array_agg(id) INTO v_at, v_budgets FROM touched;

    -- Similar numbers wait for each other, so that each sees those before it. Whoever waits here holds budgets that those
    -- before him have already, who wait for nothing more.
    PERFORM pg_advisory_xact_lock(hashtextextended('decisions:' || p_similar_form, 0));
    SELECT coalesce(max(entry), 0) + 1,
           (array_agg(id) FILTER (WHERE NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = known.id)))[1]
    INTO v_entry, v_posted
    FROM decisions AS known
    WHERE normal_form = p_normal_form AND kind = p_kind AND issued_on = p_issued_on AND reverses_id IS NULL;
    IF p_reverses_id IS NOT NULL THEN
        SELECT entry INTO v_entry FROM decisions WHERE id = p_reverses_id;
    ELSIF v_posted IS NOT NULL THEN
        RAISE EXCEPTION 'document posted already' USING ERRCODE = 'DD001', DETAIL = v_posted::text;
    ELSIF NOT p_similar_is_meant THEN
        SELECT jsonb_agg(DISTINCT number ORDER BY number) INTO v_similar
        FROM decisions AS known
        WHERE similar_form = p_similar_form AND reverses_id IS NULL
          AND NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = known.id)
        HAVING NOT coalesce(bool_or(normal_form = p_normal_form), false);
        IF v_similar IS NOT NULL THEN
            RAISE EXCEPTION 'a similar number is posted' USING ERRCODE = 'DD003', DETAIL = v_similar::text;
        END IF;
    END IF;

    LOOP
        SELECT array_agg(giver ORDER BY n), array_agg(taker ORDER BY n) INTO v_from, v_to
        FROM (
            SELECT n,
                   (SELECT id FROM accounts AS account
                    WHERE (account.year, account.level, account.agency_code, account.nature, account.field, account.source,
                           account.stage)
                        = (line.year, line.level, line.agency_code, line.nature, line.field, line.source, p_from)) AS giver,
                   (SELECT id FROM accounts AS account
                    WHERE (account.year, account.level, account.agency_code, account.nature, account.field, account.source,
                           account.stage)
                        = (line.year, line.level, line.agency_code, line.nature, line.field, line.source, p_to)) AS taker
            FROM unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources)
                 WITH ORDINALITY AS line (year, level, agency_code, nature, field, source, n)
        ) AS found;
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
        SELECT FROM unnest(v_moved, v_net) AS moved (id, net) JOIN accounts AS account ON account.id = moved.id
        WHERE account.id = ANY (v_moved)
          AND net < 0 AND stage <> 'authority' AND (balance + net < 0 OR latest_effective_on > p_effective_on)
    ) THEN
        v_short := shortages(v_moved, v_net, v_from, v_to, p_amounts, p_effective_on);
        IF v_short IS NOT NULL THEN
            RAISE EXCEPTION 'an account would go below zero' USING ERRCODE = 'DD002', DETAIL = v_short::text;
        END IF;
    END IF;

    INSERT INTO decisions (id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, reverses_id, reason, line_count, amount,
                           actor, recorded_at)
    SELECT p_id, p_kind, p_number, p_normal_form, p_similar_form, p_issued_on, v_entry, p_effective_on, p_reverses_id, p_reason, cardinality(p_amounts),
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
    WHERE account.id = moved.id AND account.id = ANY (v_moved);

    IF p_reverses_id IS NOT NULL AND p_kind IN ('allocate', 'disburse') THEN
        PERFORM redate_budgets(v_budgets);
    END IF;

    IF v_at > p_at THEN
        UPDATE budgets SET recorded_at = v_at WHERE id = ANY (v_budgets);
    END IF;

    RETURN QUERY SELECT * FROM budgets WHERE id = ANY (v_budgets);
END $$;

-- The budgets that held such money, as they are told from now on, and an event of each.
WITH told AS (
    SELECT year, level, agency_code,
           coalesce(sum(balance) FILTER (WHERE stage = 'authority'), 0) AS authority,
           coalesce(sum(balance) FILTER (WHERE stage = 'unallocated'), 0) AS unallocated,
           coalesce(sum(balance) FILTER (WHERE stage = 'remaining'), 0) AS remaining,
           coalesce(sum(balance) FILTER (WHERE stage = 'disbursed'), 0) AS disbursed,
           coalesce(sum(balance) FILTER (WHERE stage = 'settled'), 0) AS settled,
           coalesce(sum(balance) FILTER (WHERE stage = 'carried_over'), 0) AS carried_over,
           coalesce(sum(balance) FILTER (WHERE stage = 'cancelled'), 0) AS cancelled
    FROM (
        SELECT year, level, agency_code, stage, CASE WHEN field <> 'defence_security' THEN balance ELSE 0 END AS balance
        FROM accounts AS account
        WHERE EXISTS (
            SELECT FROM accounts AS hidden
            WHERE hidden.field = 'defence_security'
              AND (hidden.year, hidden.level, hidden.agency_code) = (account.year, account.level, account.agency_code))
    ) AS part
    GROUP BY year, level, agency_code
)
UPDATE budgets AS budget
SET version = version + 1, authority = told.authority, unallocated = told.unallocated, remaining = told.remaining,
    disbursed = told.disbursed, settled = told.settled, carried_over = told.carried_over, cancelled = told.cancelled
FROM told
WHERE (budget.year, budget.level, budget.agency_code) = (told.year, told.level, told.agency_code);

SELECT redate_budgets(array_agg(id)) FROM budgets
WHERE (year, level, agency_code) IN (SELECT year, level, agency_code FROM accounts WHERE field = 'defence_security');

INSERT INTO outbox (event_id, type, subject, version, time, data)
SELECT gen_random_uuid(), 'vn.dondoc.finance.budget.changed.v1', id::text, version, greatest(recorded_at, now()),
       jsonb_build_object('budget', jsonb_build_object(
           'id', id, 'version', version, 'year', year, 'level', level, 'agency_code', agency_code,
           'approved', -authority, 'unallocated', unallocated, 'allocated', -authority - unallocated,
           'disbursed', disbursed + settled, 'settled', settled, 'remaining', remaining,
           'carried_over', carried_over, 'cancelled', cancelled, 'first_allocated_on', first_allocated_on,
           'last_disbursed_on', last_disbursed_on, 'fields_excluded', jsonb_build_array('defence_security')))
FROM budgets
WHERE (year, level, agency_code) IN (SELECT year, level, agency_code FROM accounts WHERE field = 'defence_security')
ORDER BY id;
