-- The statement of each claim that holds by all that is recorded, so that lists and sums of now read one row of each.

CREATE TABLE claims_in_force (
    stage text NOT NULL,
    year integer NOT NULL,
    level text NOT NULL,
    agency_code text NOT NULL,
    nature text NOT NULL,
    field text NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    amount bigint NOT NULL,
    stated_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    CONSTRAINT pk_claims_in_force PRIMARY KEY (stage, year, level, agency_code, nature, field)
);
CREATE INDEX ix_claims_in_force_agency_code ON claims_in_force (agency_code);

-- A trigger, so that what a process of the version before adds while it is replaced counts as well.
CREATE FUNCTION keep_claim_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claims_in_force AS held
        (stage, year, level, agency_code, nature, field, id, version, amount, stated_on, recorded_at)
    VALUES (NEW.stage, NEW.year, NEW.level, NEW.agency_code, NEW.nature, NEW.field,
            NEW.id, NEW.version, NEW.amount, NEW.stated_on, NEW.recorded_at)
    ON CONFLICT ON CONSTRAINT pk_claims_in_force DO UPDATE
        SET (id, version, amount, stated_on, recorded_at)
          = (NEW.id, NEW.version, NEW.amount, NEW.stated_on, NEW.recorded_at)
        WHERE (held.stated_on, held.version) < (NEW.stated_on, NEW.version);
    RETURN NULL;
END $$;

CREATE TRIGGER keep_in_force AFTER INSERT ON claims FOR EACH ROW EXECUTE FUNCTION keep_claim_in_force();

INSERT INTO claims_in_force
SELECT DISTINCT ON (stage, year, level, agency_code, nature, field)
       stage, year, level, agency_code, nature, field, id, version, amount, stated_on, recorded_at
FROM claims ORDER BY stage, year, level, agency_code, nature, field, stated_on DESC, version DESC;
