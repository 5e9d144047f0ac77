# Gives the roles of roles.sql their passwords, once, when the database container is first made.
psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    -v owner="$OWNER_PASSWORD" -v app="$APP_PASSWORD" -v verifier="$VERIFIER_PASSWORD" <<'SQL'
ALTER ROLE ledger_owner PASSWORD :'owner';
ALTER ROLE ledger_app PASSWORD :'app';
ALTER ROLE ledger_verifier PASSWORD :'verifier';
SQL
