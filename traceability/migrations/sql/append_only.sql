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

-- Texts may go, but only through ledger_erase, which the owner runs.
CREATE TRIGGER append_only BEFORE UPDATE ON traceability_statementtext
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON traceability_statementtext
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
ALTER TABLE traceability_statementtext ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE traceability_statementtext ENABLE ALWAYS TRIGGER append_only_truncate;
