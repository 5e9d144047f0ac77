-- The write path of recording: one call reads and locks, one call writes (ADR 0003). One statement
-- and a batch of thousands take the same path, but for the rows of a large batch that are only
-- ever inserted: those come by COPY (holding.py).
--
-- Both functions plan once per connection, perhaps while the tables are still small: every
-- look-up goes through an index, so that plans stay right when the tables have grown; and never
-- anew for the arrays at hand, which would cost more than the work.

CREATE SEQUENCE recorded_order AS bigint;

-- Locks what the statements touch, each class by id, in the order key, stream, subjects, lots,
-- accounts (subjects whose name begins so: the busiest, held for the shortest time), and returns
-- what the decision needs to know. Ids are looked up for their author only.
CREATE FUNCTION ledger_hold(
    p_patience text,         -- how long to wait for each lock; null: as long as it takes
    p_relied_on bigint[],    -- numbers of keys, organizations and facilities, ascending
    p_changed bigint[],      -- those of them that a statement changes
    p_authors text[],        -- one per statement id, in step with
    p_ids uuid[],
    p_kids text[],
    p_streams json,          -- [{"author", "stream"}]
    p_subjects text[],
    p_lots text[],
    p_facilities text[],
    p_organizations text[],
    p_statements text[]      -- entry hashes that corrections name
) RETURNS json LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    held_streams json; held_subjects json; held_lots json; held_accounts json; statements json;
BEGIN
    IF p_patience IS NOT NULL THEN
        PERFORM set_config('lock_timeout', p_patience, true);
    END IF;
    -- Whoever changes a key, an organization or a facility waits for the statements that rely
    -- on it, and draws its order after theirs. These locks are held in memory and not in rows:
    -- a row lock writes the row, and a busy key's would be written by every statement.
    PERFORM CASE WHEN place = ANY (p_changed) THEN pg_advisory_xact_lock(place)
                 ELSE pg_advisory_xact_lock_shared(place) END
    FROM unnest(p_relied_on) AS place;
    IF p_streams IS NOT NULL THEN
        SELECT json_agg(s) INTO held_streams FROM (
            SELECT t.author, t.stream, t.seq, t.head FROM traceability_stream t
            JOIN json_to_recordset(p_streams) AS q(author text, stream text)
              ON q.author = t.author AND q.stream = t.stream
            ORDER BY t.author, t.stream FOR NO KEY UPDATE OF t
        ) s;
    END IF;
    IF p_subjects <> '{}' THEN
        SELECT json_agg(s) INTO held_subjects FROM (
            SELECT id, salt, head, state FROM traceability_subject
            WHERE id = ANY (ARRAY(
                SELECT s FROM unnest(p_subjects) AS s WHERE s NOT LIKE 'account:%'))
            ORDER BY id FOR NO KEY UPDATE
        ) s;
    END IF;
    SELECT json_agg(l) INTO held_lots FROM (
        SELECT id, custodian, state, facility, amount::text, unit, basis, material, form, owners,
               known_to, consignment, consignee, salt, head
        FROM traceability_lot WHERE id = ANY (p_lots) ORDER BY id FOR NO KEY UPDATE
    ) l;
    IF p_subjects <> '{}' THEN
        SELECT json_agg(a) INTO held_accounts FROM (
            SELECT id, salt, head, state FROM traceability_subject
            WHERE id = ANY (ARRAY(SELECT s FROM unnest(p_subjects) AS s WHERE s LIKE 'account:%'))
            ORDER BY id FOR NO KEY UPDATE
        ) a;
    END IF;

    -- From here on nothing is locked; what is read was recorded before this statement.
    IF p_statements <> '{}' THEN
        SELECT json_agg(r) INTO statements FROM (
            SELECT t.hash, t.author, coalesce(t.event, t.kind) AS kind, t.statement_id, t.facility,
                   t.waits_on, t.reported,
                   (SELECT operator_id FROM traceability_facility f
                    WHERE t.reported AND f.id = t.facility) AS superseder,
                   (SELECT hash FROM traceability_entry n WHERE n.replaces = t.hash) AS replaced_by,
                   (SELECT json_agg(m ORDER BY m.ordinal) FROM (
                        SELECT ordinal, lot, role, delta::text, unit, facts
                        FROM traceability_movement WHERE recorded_order = t.recorded_order
                   ) m) AS movements
            FROM traceability_entry t WHERE t.hash = ANY (p_statements)
        ) r;
    END IF;
    RETURN json_build_object(
        'streams', held_streams, 'subjects', held_subjects, 'lots', held_lots,
        'statements', statements, 'accounts', held_accounts,
        'keys', (SELECT json_agg(k) FROM (
            SELECT kid, organization_id, encode(public, 'hex') AS public, held_by, revoked_order
            FROM traceability_key WHERE kid = ANY (p_kids)
        ) k),
        'facilities', (SELECT json_agg(f) FROM (
            SELECT id, operator_id, types FROM traceability_facility WHERE id = ANY (p_facilities)
        ) f),
        'organizations', (SELECT json_agg(o) FROM (
            SELECT id, roles FROM traceability_organization WHERE id = ANY (p_organizations)
        ) o),
        'known', (SELECT json_agg(e) FROM (
            SELECT t.author, t.statement_id AS id, t.payload_digest, t.hash, t.body, t.held_by,
                   t.waits_on
            FROM unnest(p_authors, p_ids) AS q(author, id)
            JOIN traceability_entry t ON t.author = q.author AND t.statement_id = q.id
        ) e));
END $$;

-- Writes what was decided. The orders are drawn here, after the last lock and the last read:
-- whatever a statement saw has a lower one (ADR 0003). Returns them, one per entry.
CREATE FUNCTION ledger_record(
    p_count int,          -- of entries; those not in p_entries follow by COPY
    p_entries json,       -- [{"n", …}] of traceability_entry; n is the entry's position from 1
    p_bodies text[],      -- by n, as the texts: what is long gains nothing from being JSON
    p_texts text[],
    p_disclosures text[],
    p_links json,         -- [{"n", "subject", "previous"}]
    p_new_lots json, p_changed_lots json,
    p_movements json,     -- [{"n", "ordinal", "lot", "role", "delta", "unit", "facts"}]
    p_subjects json,      -- [{"id", "salt", "head", "state"}]
    p_streams json        -- [{"author", "stream", "seq", "head", "is_new"}]
) RETURNS bigint[] LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    orders bigint[];
BEGIN
    -- New lots first, by id: the row is its own lock against a twin in another transaction.
    WITH begun AS (
        INSERT INTO traceability_lot
            (id, custodian, state, facility, amount, unit, basis, material, form, owners, known_to,
             consignment, consignee, salt, head, last_order)
        SELECT id, custodian, state, facility, amount, unit, basis, material, form,
               owners::jsonb, known_to, consignment, consignee, salt, head, 0
        FROM json_to_recordset(p_new_lots) AS l(
            id text, custodian text, state text, facility text, amount bigint, unit text,
            basis text, material text, form text, owners text, known_to text[],
            consignment text, consignee text, salt text, head text)
    )
    UPDATE traceability_lot t SET
        custodian = l.custodian, state = l.state, facility = l.facility, amount = l.amount,
        material = l.material, owners = l.owners::jsonb, known_to = l.known_to,
        consignment = l.consignment, consignee = l.consignee, head = l.head
    FROM json_to_recordset(p_changed_lots) AS l(
        id text, custodian text, state text, facility text, amount bigint, material text,
        owners text, known_to text[], consignment text, consignee text, head text)
    WHERE t.id = l.id;
    IF p_subjects IS NOT NULL THEN
        INSERT INTO traceability_subject (id, salt, head, state)
        SELECT id, salt, head, state
        FROM json_to_recordset(p_subjects) AS s(id text, salt text, head text, state jsonb)
        ORDER BY id
        ON CONFLICT (id) DO UPDATE SET head = excluded.head, state = excluded.state
        WHERE traceability_subject.salt = excluded.salt;
        IF (SELECT count(*) FROM json_to_recordset(p_subjects) AS s(id text, salt text)
            JOIN traceability_subject t USING (id, salt)) <> json_array_length(p_subjects) THEN
            RAISE unique_violation USING MESSAGE = 'another transaction began a subject';
        END IF;
    END IF;
    IF p_streams IS NOT NULL THEN
        -- Held ones are locked; a new one fails against a twin, which then is its head.
        INSERT INTO traceability_stream (author, stream, seq, head)
        SELECT author, stream, seq, head
        FROM json_to_recordset(p_streams)
          AS s(author text, stream text, seq bigint, head text, is_new boolean)
        WHERE is_new ORDER BY author, stream;
        UPDATE traceability_stream t SET seq = s.seq, head = s.head
        FROM json_to_recordset(p_streams)
          AS s(author text, stream text, seq bigint, head text, is_new boolean)
        WHERE NOT s.is_new AND t.author = s.author AND t.stream = s.stream;
    END IF;

    SELECT array_agg(nextval('recorded_order'::regclass)) INTO orders
    FROM generate_series(1, p_count);
    IF p_entries IS NULL THEN
        RETURN orders;
    END IF;
    WITH entries AS (
        INSERT INTO traceability_entry
            (recorded_order, hash, body, kind, author, kid, held_by, statement_id, payload_digest,
             facility, stage, event, reported, effective, effective_on, received_at, replaces,
             waits_on)
        SELECT orders[n], hash, p_bodies[n], kind, author, kid, held_by, statement_id,
               payload_digest, facility, stage, event, reported, effective, effective_on,
               received_at, replaces, waits_on
        FROM json_to_recordset(p_entries) AS e(
            n int, hash text, kind text, author text, kid text, held_by text, statement_id uuid,
            payload_digest text, facility text, stage text, event text, reported boolean,
            effective text, effective_on date, received_at timestamptz, replaces text,
            waits_on text)
    ), links AS (
        INSERT INTO traceability_entrysubject (subject, recorded_order, previous)
        SELECT subject, orders[n], previous
        FROM json_to_recordset(p_links) AS l(n int, subject text, previous text)
    ), movements AS (
        INSERT INTO traceability_movement (recorded_order, ordinal, lot, role, delta, unit, facts)
        SELECT orders[n], ordinal, lot, role, delta, unit, facts::jsonb
        FROM json_to_recordset(p_movements) AS m(
            n int, ordinal int, lot text, role text, delta bigint, unit text, facts text)
    ), texts AS (
        INSERT INTO traceability_statementtext (recorded_order, jws, disclosures)
        SELECT o, jws, disclosures::jsonb
        FROM unnest(orders, p_texts, p_disclosures) AS t(o, jws, disclosures)
    )
    INSERT INTO traceability_pending (recorded_order) SELECT unnest(orders);
    RETURN orders;
END $$;

-- Removes the text of a statement, and nothing else, for an erasure that is an entry itself.
-- Runs as the owner: the application may not delete from the table.
CREATE FUNCTION ledger_erase(p_entry text, p_erasure text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    target bigint;
BEGIN
    IF NOT EXISTS (
        SELECT FROM traceability_entry e
        JOIN traceability_entrysubject s ON s.recorded_order = e.recorded_order
        WHERE e.hash = p_erasure AND e.kind = 'registry.erasure'
          AND s.subject = 'statement:' || p_entry
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'no erasure statement names this entry';
    END IF;
    SELECT recorded_order INTO target FROM traceability_entry WHERE hash = p_entry;
    DELETE FROM traceability_statementtext WHERE recorded_order = target;
    RETURN FOUND;
END $$;
REVOKE ALL ON FUNCTION ledger_erase(text, text) FROM PUBLIC;
