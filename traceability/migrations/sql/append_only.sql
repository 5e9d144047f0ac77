-- Append-only, for safety (ADR 0002). Evidence comes from chains, log, guard and witnesses:
-- a superuser can get past all of this, and then the log no longer verifies.

CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege
        USING MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['entry', 'entrysubject', 'movement', 'logindex', 'tile',
                                'checkpoint', 'rejection', 'reading']
    LOOP
        EXECUTE format(
            'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON traceability_%s
             FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format(
            'CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON traceability_%s
             FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
        EXECUTE format('ALTER TABLE traceability_%s ENABLE ALWAYS TRIGGER append_only', name);
        EXECUTE format('ALTER TABLE traceability_%s ENABLE ALWAYS TRIGGER append_only_truncate', name);
    END LOOP;
END $$;

-- Texts may go, but only where an erasure statement names them; the application has
-- ledger_erase for it.
CREATE FUNCTION ledger_refuse_unfounded_erasure() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM traceability_entry erased
        JOIN traceability_entrysubject s ON s.subject = 'statement:' || erased.hash
        JOIN traceability_entry e ON e.recorded_order = s.recorded_order
        WHERE erased.recorded_order = OLD.recorded_order AND e.kind = 'registry.erasure'
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'no erasure statement names this entry';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER append_only_erasure BEFORE DELETE ON traceability_statementtext
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_unfounded_erasure();
ALTER TABLE traceability_statementtext ENABLE ALWAYS TRIGGER append_only_erasure;
CREATE TRIGGER append_only BEFORE UPDATE ON traceability_statementtext
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON traceability_statementtext
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE traceability_statementtext ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE traceability_statementtext ENABLE ALWAYS TRIGGER append_only_truncate;
