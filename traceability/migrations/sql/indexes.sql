-- Names, hashes and keys are compared byte by byte where the database's collation is C, as ours
-- is: the index behind a key then finds prefixes too. The second index that Django makes of every
-- text key, for patterns under other collations, would only be written, never read.
DO $$
DECLARE
    twin text;
BEGIN
    FOR twin IN
        SELECT indexname FROM pg_indexes, pg_database
        WHERE datname = current_database() AND datcollate = 'C'
          AND schemaname = current_schema() AND tablename LIKE 'traceability\_%'
          AND indexname LIKE '%\_like'
    LOOP
        EXECUTE format('DROP INDEX %I', twin);
    END LOOP;
END $$;
