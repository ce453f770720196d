-- Decisions are posted together: what the statements of a posting cost is paid once for all that wait at the same moment.

DROP FUNCTION post_decision(
    uuid, text, text, text, text, text, text, boolean, date, date, uuid, text, text, timestamptz,
    integer[], text[], text[], text[], text[], text[], bigint[], text, jsonb
);
DROP FUNCTION shortages(integer[], bigint[], integer[], integer[], bigint[], date);

-- Locks budgets, in the order of their keys, until the transaction ends. Where one is new, an advisory lock stands for its
-- row; it is one for all new budgets, taken before any row, since a decision may bring thousands.
CREATE FUNCTION lock_budgets(p_years integer[], p_levels text[], p_agencies text[])
RETURNS void LANGUAGE plpgsql SET enable_seqscan = off SET enable_nestloop = off AS $$
DECLARE
    v_budgets uuid[];
BEGIN
    FOR attempt IN 1..2 LOOP
        SELECT array_agg((SELECT id FROM budgets AS budget
                          WHERE (budget.year, budget.level, budget.agency_code) = (asked.year, asked.level, asked.agency_code)))
        INTO v_budgets
        FROM (SELECT DISTINCT * FROM unnest(p_years, p_levels, p_agencies)) AS asked (year, level, agency_code);
        EXIT WHEN attempt = 2 OR array_position(v_budgets, NULL) IS NULL;
        PERFORM pg_advisory_xact_lock(hashtextextended('budgets', 0));
    END LOOP;
    PERFORM FROM budgets WHERE id = ANY (v_budgets) ORDER BY year, level, agency_code FOR NO KEY UPDATE;
END $$;

-- Posts decisions, in order, each whole or not at all, with its audit entry. What it returns, in the order in which events
-- are told: for each decision a row with its number n (from 1) and either its refusal, of which nothing is written, or its
-- entry and the instant under which it is recorded; and after those that were posted together, a row for each budget that
-- they moved, as it is then. The statement that calls it writes the events (use_cases/ledger.py).
-- Refusals: agency_unknown; decision_posted, its document stands in the ledger (detail: by which decision); number_similar,
-- its number is similar to others and not yet in the ledger (detail: those numbers); insufficient, an account would go
-- below zero on some day (detail: an object for each such account). A decision that was reversed stands in nobody's way.
-- Decisions are judged together by a condition that is enough for all of them and taken apart, by halves, where it does not
-- hold: one alone is judged exactly. Nothing is written before, so that no savepoint is needed.
-- Lines name their decision and their dimension (year, level, agency, nature, field, source) by number; p_firsts and p_lasts
-- are the first and the last line of each decision.
-- Statistics may tell of one row where there are thousands: of a table that was empty a moment ago, or that this very
-- transaction fills; and a session keeps plans. So rows are found by their keys, in subqueries that stand for one row each
-- and by = ANY, and nothing is joined by nested loops: 10,000 lines took 12 s by one that was planned for one account.
-- Locks: the budgets, then the similar forms of numbers, each in their order. Every account belongs to one budget, so that
-- these order all that follows. recorded_at is moved up to that of the newest decision on the same budgets: what was known
-- at any instant is then a beginning of the order in which the locks were taken, and never negative either.
CREATE FUNCTION post_decisions(
    p_at timestamptz, p_ids uuid[], p_kinds text[], p_from text[], p_to text[], p_numbers text[], p_normal_forms text[],
    p_similar_forms text[], p_similar_is_meant boolean[], p_issued_on date[], p_effective_on date[], p_reverses_ids uuid[],
    p_reasons text[], p_actors text[], p_request_ids text[], p_details text[], p_firsts integer[], p_lasts integer[],
    p_years integer[], p_levels text[], p_agencies text[], p_natures text[], p_fields text[], p_sources text[],
    p_decisions integer[], p_dimensions integer[], p_amounts bigint[]
) RETURNS TABLE (n bigint, refusal text, detail jsonb, entry integer, recorded_at timestamptz, budget budgets)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_nestloop = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    v_count integer := cardinality(p_ids);
    v_first integer := 1;  -- the decisions that are judged together
    v_last integer := v_count;
    v_line integer;  -- the first of their lines
    v_line_last integer;
    v_unknown integer[];  -- dimensions of agencies that are not known
    v_entries integer[];
    v_refusal text;
    v_detail jsonb;
    v_is_doubtful boolean;
    v_reverses boolean;
    -- the accounts that they move: the account's id, or null where it is new, its dimension and stage, what it gains, ...
    v_accounts integer[];
    v_moved integer[];
    v_stages text[];
    v_nets bigint[];
    v_posting_counts integer[];
    v_latest date[];
    v_earliest date[];
    v_allocated date[];
    v_disbursed date[];
    v_is_short boolean;
    v_at timestamptz;
    v_budgets uuid[];
BEGIN
    SELECT array_agg(CAST(n AS integer)) INTO v_unknown
    FROM unnest(p_agencies) WITH ORDINALITY AS asked (code, n)
    WHERE (SELECT code FROM agencies WHERE agencies.code = asked.code) IS NULL;

    PERFORM lock_budgets(p_years, p_levels, p_agencies);
    -- Similar numbers wait for each other, so that each sees those before it. Whoever waits here holds budgets that those
    -- before him have already, who wait for nothing but further numbers.
    PERFORM pg_advisory_xact_lock(key)
    FROM (SELECT DISTINCT hashtextextended('decisions:' || form, 0) AS key FROM unnest(p_similar_forms) AS form ORDER BY key) AS lock;

    LOOP
        v_line := p_firsts[v_first];
        v_line_last := p_lasts[v_last];

        SELECT array_agg(entry ORDER BY n), min(refusal), (array_agg(detail) FILTER (WHERE refusal IS NOT NULL))[1],
               count(refusal) > 0
                   OR count(DISTINCT (kind, normal_form, issued_on)) FILTER (WHERE is_new) < count(*) FILTER (WHERE is_new)
                   OR count(DISTINCT normal_form) FILTER (WHERE is_new) > count(DISTINCT similar_form) FILTER (WHERE is_new)
                   OR count(DISTINCT reverses_id) < count(reverses_id),
               bool_or(NOT is_new AND kind IN ('allocate', 'disburse'))
        INTO v_entries, v_refusal, v_detail, v_is_doubtful, v_reverses
        FROM (
            SELECT asked.*, reverses_id IS NULL AS is_new,
                   CASE WHEN reverses_id IS NULL THEN coalesce(known.entry, 0) + 1
                        ELSE (SELECT entry FROM decisions AS original WHERE original.id = asked.reverses_id) END AS entry,
                   CASE WHEN reverses_id IS NOT NULL THEN NULL WHEN known.posted IS NOT NULL THEN 'decision_posted'
                        WHEN NOT similar_is_meant AND likes.numbers IS NOT NULL THEN 'number_similar' END AS refusal,
                   CASE WHEN known.posted IS NOT NULL THEN to_jsonb(known.posted) ELSE likes.numbers END AS detail
            FROM unnest(p_kinds[v_first:v_last], p_normal_forms[v_first:v_last], p_similar_forms[v_first:v_last],
                        p_similar_is_meant[v_first:v_last], p_issued_on[v_first:v_last], p_reverses_ids[v_first:v_last]) WITH ORDINALITY
                 AS asked (kind, normal_form, similar_form, similar_is_meant, issued_on, reverses_id, n)
            CROSS JOIN LATERAL (
                SELECT max(entry) AS entry, (array_agg(id) FILTER (WHERE NOT EXISTS (
                           SELECT FROM decisions AS undo WHERE undo.reverses_id = decision.id)))[1] AS posted
                FROM decisions AS decision
                WHERE decision.normal_form = asked.normal_form AND decision.kind = asked.kind
                  AND decision.issued_on = asked.issued_on AND decision.reverses_id IS NULL
            ) AS known
            CROSS JOIN LATERAL (
                SELECT CASE WHEN NOT bool_or(decision.normal_form = asked.normal_form)
                            THEN jsonb_agg(DISTINCT number ORDER BY number) END AS numbers
                FROM decisions AS decision
                WHERE decision.similar_form = asked.similar_form AND decision.reverses_id IS NULL
                  AND NOT EXISTS (SELECT FROM decisions AS undo WHERE undo.reverses_id = decision.id)
            ) AS likes
        ) AS judged;
        IF p_dimensions[v_line:v_line_last] && v_unknown THEN
            v_refusal := 'agency_unknown';
            v_detail := NULL;
            v_is_doubtful := true;
        END IF;

        -- Enough for all: what they take is there without what they give, on the day of the last posting that there is.
        IF v_refusal IS NULL AND (v_first = v_last OR NOT v_is_doubtful) THEN
            WITH movement AS (
                SELECT decision, dimension, CAST(sum(amount) AS bigint) AS amount, count(*) AS lines
                FROM unnest(p_decisions[v_line:v_line_last], p_dimensions[v_line:v_line_last], p_amounts[v_line:v_line_last])
                     AS line (decision, dimension, amount)
                GROUP BY decision, dimension
            ), side AS (
                SELECT dimension, side.stage, side.net, lines, effective_on,
                       CASE WHEN kind = 'allocate' AND reverses_id IS NULL THEN effective_on END AS allocated_on,
                       CASE WHEN kind = 'disburse' AND reverses_id IS NULL THEN effective_on END AS disbursed_on
                FROM movement
                JOIN unnest(p_kinds, p_from, p_to, p_effective_on, p_reverses_ids) WITH ORDINALITY
                     AS asked (kind, taken_from, given_to, effective_on, reverses_id, n) ON asked.n = movement.decision
                CROSS JOIN LATERAL (VALUES (taken_from, -amount), (given_to, amount)) AS side (stage, net)
            ), moved AS (
                SELECT dimension, stage, CAST(sum(net) AS bigint) AS net, CAST(sum(lines) AS integer) AS postings,
                       sum(net) FILTER (WHERE net < 0) AS taken, min(effective_on) FILTER (WHERE net < 0) AS taken_on,
                       max(effective_on) AS latest_on, min(effective_on) AS earliest_on,
                       min(allocated_on) AS allocated_on, max(disbursed_on) AS disbursed_on
                FROM side GROUP BY dimension, stage
            )
            SELECT array_agg(account.id), array_agg(dimension), array_agg(stage), array_agg(net), array_agg(postings),
                   array_agg(latest_on), array_agg(earliest_on), array_agg(allocated_on), array_agg(disbursed_on),
                   coalesce(bool_or(taken < 0 AND stage <> 'authority' AND (
                       coalesce(balance, 0) + taken < 0 OR latest_effective_on > taken_on)), false)
            INTO v_accounts, v_moved, v_stages, v_nets, v_posting_counts, v_latest, v_earliest, v_allocated, v_disbursed,
                 v_is_short
            FROM moved
            JOIN unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources) WITH ORDINALITY
                 AS asked (year, level, agency_code, nature, field, source, n) ON asked.n = dimension
            LEFT JOIN LATERAL (
                SELECT id, balance, latest_effective_on FROM accounts
                WHERE (accounts.year, accounts.level, accounts.agency_code, accounts.nature, accounts.field, accounts.source,
                       accounts.stage)
                    = (asked.year, asked.level, asked.agency_code, asked.nature, asked.field, asked.source, moved.stage)
                OFFSET 0
            ) AS account ON true;
            v_is_doubtful := v_is_short;
        END IF;

        IF v_is_doubtful AND v_first < v_last THEN
            v_last := v_first + (v_last - v_first) / 2;
            CONTINUE;
        END IF;

        -- The money of an account on a day is its balance less all that takes effect later.
        IF v_refusal IS NULL AND v_is_short THEN
            SELECT jsonb_agg(jsonb_build_object(
                       'line', line.first, 'year', asked.year, 'level', asked.level, 'agency_code', asked.agency_code,
                       'nature', asked.nature, 'field', asked.field, 'source', asked.source, 'stage', moved.stage,
                       'available', lowest.available, 'asked', -moved.net, 'before', lowest.before) ORDER BY line.first)
            INTO v_detail
            FROM unnest(v_accounts, v_moved, v_stages, v_nets) AS moved (id, dimension, stage, net)
            JOIN unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources) WITH ORDINALITY
                 AS asked (year, level, agency_code, nature, field, source, n) ON asked.n = moved.dimension
            JOIN (
                SELECT dimension, CASE WHEN amount > 0 THEN p_from[v_first] ELSE p_to[v_first] END AS stage, min(n) AS first
                FROM unnest(p_dimensions[v_line:v_line_last], p_amounts[v_line:v_line_last]) WITH ORDINALITY
                     AS line (dimension, amount, n)
                GROUP BY 1, 2
            ) AS line ON line.dimension = moved.dimension AND line.stage = moved.stage
            LEFT JOIN LATERAL (SELECT balance FROM accounts WHERE accounts.id = moved.id OFFSET 0) AS account ON true
            CROSS JOIN LATERAL (
                SELECT coalesce(account.balance, 0) AS available, CAST(NULL AS date) AS before
                UNION ALL
                SELECT account.balance - sum(sum(later.amount)) OVER (ORDER BY later.effective_on DESC), later.effective_on
                FROM postings AS later
                WHERE later.account_id = moved.id AND later.effective_on > p_effective_on[v_first]
                GROUP BY later.effective_on
                ORDER BY 1, 2 LIMIT 1
            ) AS lowest
            WHERE moved.net < 0 AND moved.stage <> 'authority' AND lowest.available + moved.net < 0;
            v_refusal := CASE WHEN v_detail IS NOT NULL THEN 'insufficient' END;
        END IF;

        IF v_refusal IS NOT NULL THEN
            RETURN QUERY SELECT CAST(v_first AS bigint), v_refusal, v_detail, CAST(NULL AS integer),
                                CAST(NULL AS timestamptz), CAST(NULL AS budgets);
        ELSIF array_position(v_accounts, NULL) IS NOT NULL THEN  -- what is new stands at zero; then all is judged once more
            INSERT INTO accounts (year, level, agency_code, nature, field, source, stage, balance, latest_effective_on,
                                  posting_count)
            SELECT year, level, agency_code, nature, field, source, stage, 0, earliest_on, 0
            FROM unnest(v_accounts, v_moved, v_stages, v_earliest) AS moved (id, dimension, stage, earliest_on)
            JOIN unnest(p_years, p_levels, p_agencies, p_natures, p_fields, p_sources) WITH ORDINALITY
                 AS asked (year, level, agency_code, nature, field, source, n) ON asked.n = moved.dimension
            WHERE moved.id IS NULL;
            CONTINUE;
        ELSE
            INSERT INTO audit (at, actor, request_id, action, entity, entity_id, detail)
            SELECT p_at, actor, request_id, CASE WHEN reverses_id IS NULL THEN 'post' ELSE 'reverse' END, 'decision',
                   coalesce(reverses_id, id)::text, CAST(detail AS jsonb)
            FROM unnest(p_ids[v_first:v_last], p_reverses_ids[v_first:v_last], p_actors[v_first:v_last],
                        p_request_ids[v_first:v_last], p_details[v_first:v_last])
                 AS asked (id, reverses_id, actor, request_id, detail);

            WITH touched AS (
                INSERT INTO budgets AS budget (year, level, agency_code, version, authority, unallocated, remaining, disbursed,
                                               settled, carried_over, cancelled, first_allocated_on, last_disbursed_on,
                                               recorded_at)
                SELECT year, level, agency_code, 1,
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'authority'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'unallocated'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'remaining'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'disbursed'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'settled'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'carried_over'), 0),
                       coalesce(sum(net) FILTER (WHERE is_told AND stage = 'cancelled'), 0),
                       min(allocated_on) FILTER (WHERE is_told), max(disbursed_on) FILTER (WHERE is_told), p_at
                FROM (
                    SELECT year, level, agency_code, stage, net, allocated_on, disbursed_on, field <> 'defence_security' AS is_told
                    FROM unnest(v_moved, v_stages, v_nets, v_allocated, v_disbursed)
                         AS moved (dimension, stage, net, allocated_on, disbursed_on)
                    JOIN unnest(p_years, p_levels, p_agencies, p_fields) WITH ORDINALITY
                         AS asked (year, level, agency_code, field, n) ON asked.n = moved.dimension
                ) AS part
                GROUP BY year, level, agency_code ORDER BY year, level, agency_code
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

            INSERT INTO decisions (id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, reverses_id,
                                   reason, line_count, amount, actor, recorded_at)
            SELECT id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, reverses_id, reason, lines,
                   amount, actor, v_at
            FROM unnest(p_ids[v_first:v_last], p_kinds[v_first:v_last], p_numbers[v_first:v_last],
                        p_normal_forms[v_first:v_last], p_similar_forms[v_first:v_last], p_issued_on[v_first:v_last],
                        v_entries, p_effective_on[v_first:v_last], p_reverses_ids[v_first:v_last],
                        p_reasons[v_first:v_last], p_actors[v_first:v_last]) WITH ORDINALITY
                 AS asked (id, kind, number, normal_form, similar_form, issued_on, entry, effective_on, reverses_id, reason,
                           actor, n)
            JOIN (
                SELECT decision, count(*) AS lines, sum(amount) AS amount
                FROM unnest(p_decisions[v_line:v_line_last], p_amounts[v_line:v_line_last]) AS line (decision, amount)
                GROUP BY decision
            ) AS total ON total.decision = asked.n + v_first - 1;

            WITH account AS MATERIALIZED (
                SELECT * FROM unnest(v_accounts, v_moved, v_stages) AS account (id, dimension, stage)
            )
            INSERT INTO postings (decision_id, position, account_id, amount, effective_on, recorded_at)
            SELECT asked.id, 2 * (line.n + v_line - 1 - asked.first) + side.position, side.account_id, side.amount,
                   asked.effective_on, v_at
            FROM unnest(p_decisions[v_line:v_line_last], p_dimensions[v_line:v_line_last], p_amounts[v_line:v_line_last])
                 WITH ORDINALITY AS line (decision, dimension, amount, n)
            JOIN unnest(p_ids, p_from, p_to, p_effective_on, p_firsts) WITH ORDINALITY
                 AS asked (id, taken_from, given_to, effective_on, first, n) ON asked.n = line.decision
            JOIN account AS giver ON giver.dimension = line.dimension AND giver.stage = asked.taken_from
            JOIN account AS taker ON taker.dimension = line.dimension AND taker.stage = asked.given_to
            CROSS JOIN LATERAL (VALUES (1, giver.id, -line.amount), (2, taker.id, line.amount))
                 AS side (position, account_id, amount);

            UPDATE accounts AS account
            SET balance = account.balance + moved.net,
                latest_effective_on = greatest(account.latest_effective_on, moved.latest_on),
                posting_count = account.posting_count + moved.postings
            FROM unnest(v_accounts, v_nets, v_latest, v_posting_counts) AS moved (id, net, latest_on, postings)
            WHERE account.id = moved.id AND account.id = ANY (v_accounts);

            IF v_reverses THEN
                PERFORM redate_budgets(v_budgets);
            END IF;
            IF v_at > p_at THEN
                UPDATE budgets SET recorded_at = v_at WHERE id = ANY (v_budgets);
            END IF;

            RETURN QUERY SELECT number + v_first - 1, CAST(NULL AS text), CAST(NULL AS jsonb), posted, v_at,
                                CAST(NULL AS budgets)
                         FROM unnest(v_entries) WITH ORDINALITY AS posted (posted, number);
            RETURN QUERY SELECT CAST(NULL AS bigint), CAST(NULL AS text), CAST(NULL AS jsonb), CAST(NULL AS integer), v_at,
                                moved
                         FROM budgets AS moved WHERE id = ANY (v_budgets) ORDER BY id;
        END IF;
        EXIT WHEN v_last = v_count;
        v_first := v_last + 1;
        v_last := v_count;
    END LOOP;
END $$;
