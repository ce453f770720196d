-- What post_decision (0009_budgets.sql) calls. All of it finds rows by their keys.

-- The accounts that would go below zero, as JSON in the order of the lines; NULL where none would. p_moved and p_net are
-- accounts and what each gains, p_from and p_to those of the lines.
-- The money of an account on a day is its balance less all that takes effect later. Those postings are found by their
-- account: the bitmap of a block range index on days would read all of them for each account.
CREATE OR REPLACE FUNCTION shortages(
    p_moved integer[], p_net bigint[], p_from integer[], p_to integer[], p_amounts bigint[], p_effective_on date
) RETURNS jsonb LANGUAGE sql SET enable_seqscan = off SET enable_bitmapscan = off AS $$
    SELECT jsonb_agg(jsonb_build_object(
               'line', short.line, 'year', short.year, 'level', short.level, 'agency_code', short.agency_code,
               'nature', short.nature, 'field', short.field, 'source', short.source, 'stage', short.stage,
               'available', short.available, 'asked', short.asked, 'before', short.before) ORDER BY short.line)
    FROM (
        SELECT account.*, moved.line, -moved.net AS asked, lowest.available, lowest.before
        FROM (
            SELECT id, CAST(sum(net) AS bigint) AS net, min(n) AS line
            FROM (
                SELECT id, net, NULL FROM unnest(p_moved, p_net) AS moved (id, net)
                UNION ALL
                SELECT CASE WHEN amount > 0 THEN giver ELSE taker END, 0, n
                FROM unnest(p_from, p_to, p_amounts) WITH ORDINALITY AS line (giver, taker, amount, n)
            ) AS side (id, net, n)
            GROUP BY id
            HAVING sum(net) < 0
        ) AS moved
        CROSS JOIN LATERAL (
            SELECT * FROM accounts
            WHERE accounts.id = moved.id AND stage <> 'authority'
              AND (balance + moved.net < 0 OR latest_effective_on > p_effective_on)
            OFFSET 0
        ) AS account
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
        WHERE lowest.available + moved.net < 0
    ) AS short
$$;

-- The postings of a decision are written by one statement: they are all there, sum to zero, carry its days and are of
-- accounts. What comes later for the same decision repeats a position, which the primary key refuses. A foreign key to
-- accounts would look each row up by itself and lock it, for a third of the time that a decision of a hundred lines takes.
CREATE OR REPLACE FUNCTION check_postings() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (
            SELECT decision_id, sum(amount) AS total, count(*) AS number, min(position) AS first, max(position) AS last,
                   min(effective_on) AS earliest, max(effective_on) AS latest,
                   min(recorded_at) AS recorded_first, max(recorded_at) AS recorded_last
            FROM fresh GROUP BY decision_id
        ) AS given
        LEFT JOIN LATERAL (SELECT * FROM decisions WHERE decisions.id = given.decision_id OFFSET 0) AS decision ON true
        WHERE decision.id IS NULL
           OR given.total <> 0
           OR (given.number, given.first, given.last) <> (2 * decision.line_count, 1, 2 * decision.line_count)
           OR (given.earliest, given.latest) <> (decision.effective_on, decision.effective_on)
           OR (given.recorded_first, given.recorded_last) <> (decision.recorded_at, decision.recorded_at)
    ) OR EXISTS (
        SELECT FROM (SELECT DISTINCT account_id FROM fresh) AS moved
        WHERE (SELECT id FROM accounts WHERE accounts.id = moved.account_id) IS NULL
    ) THEN
        RAISE EXCEPTION 'the postings of a decision come at once, sum to zero, carry its days and are of accounts'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;

-- The former one, which wrote the events itself, and what it called; 0009 makes the one that returns what they are made of.
DROP FUNCTION post_decision(
    uuid, text, text, text, text, text, text, boolean, date, date, uuid, text, text, timestamptz,
    integer[], text[], text[], text[], text[], text[], bigint[], text, jsonb, text, jsonb
);
DROP FUNCTION tell_budgets(integer[], text[], text[], timestamptz);
