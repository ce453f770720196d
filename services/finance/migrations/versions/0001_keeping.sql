-- What keeps the ledger whole beside its function (0001_posting.sql).

-- The postings of a decision are written by one statement: they are all there, sum to zero, carry its days and are of
-- accounts. What comes later for the same decision repeats a position, which the primary key refuses. A foreign key to
-- accounts would look each row up by itself and lock it, for a third of the time that a decision of a hundred lines takes.
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
END $$;

CREATE TRIGGER postings_add_up AFTER INSERT ON postings REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION check_postings();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: correct by a reversal or a newer statement', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

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
END $$;

-- Whoever serves may add to the ledger and not change it. An owner who is no superuser gives the right away himself. A
-- superuser has every right, so that his connections take the role dondoc_finance instead (shared/runtime/database.py).
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
END $$;
