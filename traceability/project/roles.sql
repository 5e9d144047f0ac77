-- The three roles of a ledger database (run by a superuser inside that database; safe to repeat).
--
--   ledger_owner     owns every table and runs the migrations; no superuser
--   ledger_app       what web and workers are: owns nothing, so it cannot disable a trigger
--   ledger_verifier  re-reads the log; starts with no rights, migrations grant it the log tables
--
-- New tables are open to ledger_app by default, because sessions, accounts and work lists are
-- ordinary tables; the migrations of the ledger take UPDATE, DELETE and TRUNCATE away again.

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', role)
FROM unnest(ARRAY['ledger_owner', 'ledger_app', 'ledger_verifier']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec

ALTER DATABASE :"DBNAME" OWNER TO ledger_owner;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO ledger_app, ledger_verifier;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ledger_app, ledger_verifier;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ledger_app;
ALTER DEFAULT PRIVILEGES FOR ROLE ledger_owner IN SCHEMA public
    GRANT SELECT, USAGE ON SEQUENCES TO ledger_app;
