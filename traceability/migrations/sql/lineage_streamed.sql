-- Reading lineage as it is found (ADR 0036). The planner takes these functions into the query that
-- calls them, since they have no settings of their own: so the first rows arrive while the last
-- are looked up. That look-ups go through an index is said by OFFSET 0 instead: what stands before
-- it is asked for row by row, in no other way.

-- The recorded order below which all entries stand below a log size; 0 where that size is long ago.
CREATE FUNCTION ledger_all_known_below(p_size bigint) RETURNS bigint LANGUAGE sql STABLE
AS $$
SELECT CASE WHEN count(*) < 1000 THEN least(
    coalesce(min(later.recorded_order), 1::bigint << 62),
    (SELECT min(p.recorded_order) FROM traceability_pending p)) ELSE 0 END
FROM (SELECT i.recorded_order FROM traceability_logindex i WHERE i.index >= p_size
      ORDER BY i.index LIMIT 1000) later
$$;

-- As in lineage.sql.
CREATE OR REPLACE FUNCTION ledger_entries(p_orders bigint[], p_size bigint) RETURNS TABLE (
    recorded_order bigint, hash varchar, kind varchar, author varchar, facility varchar,
    stage varchar, effective_on date, effective varchar, replaces varchar, is_disputed boolean,
    amended_by bigint
) LANGUAGE sql STABLE ROWS 1000
AS $$
SELECT e.recorded_order, e.hash, coalesce(e.event, e.kind), e.author, e.facility, e.stage,
       e.effective_on, e.effective, e.replaces,
       CASE WHEN e.kid IN (SELECT kid FROM traceability_key WHERE distrusted_from IS NOT NULL)
            THEN coalesce((
                SELECT k.distrusted_from <= i.index FROM traceability_key k
                JOIN traceability_logindex r ON r.recorded_order = k.revoked_order
                JOIN traceability_logindex i ON i.recorded_order = e.recorded_order
                WHERE k.kid = e.kid AND r.index < p_size), false)
            ELSE false END,
       (SELECT n.recorded_order FROM traceability_entry n WHERE n.replaces = e.hash)
FROM unnest(p_orders) AS asked(recorded_order)
CROSS JOIN LATERAL (
    SELECT * FROM traceability_entry e
    WHERE e.recorded_order = asked.recorded_order
      AND (asked.recorded_order < (SELECT ledger_all_known_below(p_size))
           OR EXISTS (SELECT FROM traceability_logindex i
                      WHERE i.recorded_order = asked.recorded_order AND i.index < p_size))
    OFFSET 0) e
$$;

-- Lots that met a lot where it was made: those that went in, and those made out of the same pool.
-- Where a part was taken `from` is said where it was made.
CREATE FUNCTION ledger_met_by(p_lot varchar, p_order bigint, p_facts jsonb) RETURNS TABLE (
    lot varchar, is_up boolean
) LANGUAGE sql STABLE ROWS 4
AS $$
SELECT (p_facts ->> 'from')::varchar, true WHERE p_facts ? 'from'
UNION ALL
SELECT m.lot, m.role = 'take' FROM traceability_movement m
WHERE m.recorded_order = p_order AND NOT p_facts ? 'from'
  AND (m.role = 'take' OR m.role = 'make' AND m.lot <> p_lot) AND NOT m.facts ?| '{into,from}'
$$;

-- As in lineage_faster.sql, but in no order; `ordinal` is that of a movement in its entry.
DROP FUNCTION ledger_ancestry(text[], bigint);

CREATE FUNCTION ledger_ancestry(p_lots text[], p_size bigint) RETURNS TABLE (
    recorded_order bigint, ordinal integer, lot varchar, role varchar, delta bigint, unit varchar,
    facts text
) LANGUAGE sql STABLE ROWS 3000
AS $$
WITH RECURSIVE led(lot, is_up) AS (
    SELECT unnest(p_lots)::varchar, true
    UNION
    SELECT other.lot, other.is_up FROM led
    CROSS JOIN LATERAL (
        SELECT m.recorded_order, m.facts FROM traceability_movement m
        WHERE m.lot = led.lot AND m.role = 'make'
          AND coalesce(m.facts ->> 'source', '') NOT IN ('mined', 'introduced')
          AND (p_size IS NULL OR EXISTS (
               SELECT FROM traceability_logindex i
               WHERE i.recorded_order = m.recorded_order AND i.index < p_size))
        OFFSET 0) made
    CROSS JOIN LATERAL (
        SELECT * FROM ledger_met_by(led.lot, made.recorded_order, made.facts) OFFSET 0) other
    WHERE led.is_up
)
SELECT m.recorded_order, m.ordinal, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot ORDER BY l.lot) lots
CROSS JOIN LATERAL (
    SELECT * FROM traceability_movement m
    WHERE m.lot = lots.lot AND m.role NOT IN ('open', 'close')
      AND (lots.is_up OR m.role IN ('make', 'move', 'assay'))
    OFFSET 0) m
$$;

-- As in lineage.sql, with `ordinal`.
DROP FUNCTION ledger_documents(text[]);

CREATE FUNCTION ledger_documents(p_lots text[]) RETURNS TABLE (
    recorded_order bigint, ordinal integer, lot varchar, role varchar, delta bigint, unit varchar,
    facts text
) LANGUAGE sql STABLE ROWS 100
AS $$
SELECT m.recorded_order, m.ordinal, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM unnest(p_lots) AS asked(lot)
CROSS JOIN LATERAL (
    SELECT * FROM traceability_movement m
    WHERE m.lot = asked.lot
      AND (m.role = 'assay' OR m.role = 'move' AND m.facts ? 'gross' AND EXISTS (
           SELECT FROM traceability_entrysubject s
           CROSS JOIN LATERAL (
               SELECT FROM traceability_entry a
               WHERE a.recorded_order = s.recorded_order
                 AND coalesce(a.event, a.kind) = 'custody.assay'
               OFFSET 0) a
           WHERE s.subject
                 = 'consignment:' || (m.facts ->> 'consignment') || ':' || (m.facts ->> 'to')
             AND s.recorded_order <> m.recorded_order))
    OFFSET 0) m
$$;

-- What happened to some lots, to all that came of them, and to what went into that: entry by entry,
-- in the order in which they hold. `place` is that of the entry or, where it amends another, of the
-- first one; `movements` are a JSON array, null where only the end of a lot is told; `ended` names
-- the lots that no later entry moves, `documented` those made here that more than their making
-- documents. Columns of an entry that does not stand below the log size are null.
--
-- p_assayed (`[{"element": "Cu"}]`): of what only went into something else, go no further up than
-- to a lot that the statement which made it assayed for all of this, plainly. How much it holds is
-- then known, and where that is from is not asked: it is of nothing that is looked for.
--
-- A lot that is shipped whole is the same lot elsewhere. That is told where it can matter: of the
-- lots asked about, and of those that others had taken from.
DROP FUNCTION ledger_course(text[], jsonb);

CREATE FUNCTION ledger_passages(p_lots text[], p_assayed jsonb, p_size bigint) RETURNS TABLE (
    place bigint, recorded_order bigint, hash varchar, kind varchar, author varchar,
    facility varchar, stage varchar, effective_on date, effective varchar, replaces varchar,
    is_disputed boolean, amended_by bigint, movements text, ended varchar[], documented varchar[]
) LANGUAGE sql STABLE ROWS 100000
AS $$
WITH RECURSIVE given AS MATERIALIZED (
    SELECT lot FROM ledger_descendants(p_lots) AS d(lot)
), led(lot, is_up, may_stop) AS (
    SELECT g.lot, true, false FROM given g
    UNION
    SELECT other.lot, other.is_up, true FROM led
    CROSS JOIN LATERAL (
        SELECT m.recorded_order, m.facts FROM traceability_movement m
        WHERE m.lot = led.lot AND m.role = 'make'
          AND coalesce(m.facts ->> 'source', '') NOT IN ('mined', 'introduced')
          AND NOT (led.may_stop AND p_assayed IS NOT NULL
                   AND coalesce(m.facts -> 'assays' @> p_assayed, false)
                   AND NOT m.facts @? '$.assays[*] ? (@.basis != "dry" || exists(@.low)
                                                      || exists(@.high) || exists(@.expressed_as))'
                   AND NOT m.facts ? 'compound'
                   AND NOT m.facts -> 'quantity' ?| '{low,high}'
                   AND (m.facts -> 'quantity' ->> 'basis' = 'dry'
                        OR m.facts -> 'quantity' ->> 'moisture' LIKE '0%')
                   AND NOT EXISTS (SELECT FROM ledger_documents(ARRAY[led.lot])))
        OFFSET 0) made
    CROSS JOIN LATERAL (
        SELECT * FROM ledger_met_by(led.lot, made.recorded_order, made.facts) OFFSET 0) other
    WHERE led.is_up AND other.lot NOT IN (SELECT g.lot FROM given g)
), lots AS MATERIALIZED (
    SELECT l.lot, l.is_up, m.orders, m.last
    FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot ORDER BY l.lot) l
    CROSS JOIN LATERAL (
        SELECT array_agg(m.recorded_order) AS orders, max(m.recorded_order) AS last
        FROM traceability_movement m WHERE m.lot = l.lot OFFSET 0) m
    WHERE m.last IS NOT NULL
), orders AS (
    SELECT DISTINCT o.recorded_order
    FROM lots l CROSS JOIN LATERAL unnest(l.orders) AS o(recorded_order)
), placed AS (
    SELECT o.recorded_order, CASE WHEN n.replaces IS NULL THEN o.recorded_order
                                  ELSE ledger_first(n.replaces) END AS place
    FROM orders o
    LEFT JOIN LATERAL (
        SELECT e.replaces FROM traceability_entry e
        WHERE e.recorded_order = o.recorded_order AND e.replaces IS NOT NULL
        OFFSET 0) n ON true
    ORDER BY place, o.recorded_order
)
SELECT p.place, p.recorded_order, e.hash, e.kind, e.author, e.facility, e.stage, e.effective_on,
       e.effective, e.replaces, e.is_disputed, e.amended_by, t.movements, t.ended,
       CASE WHEN t.made IS NOT NULL THEN (
           SELECT array_agg(m.lot) FROM unnest(t.made) AS m(lot)
           WHERE EXISTS (SELECT FROM ledger_documents(ARRAY[m.lot]))) END
FROM placed p
CROSS JOIN LATERAL (
    SELECT '[' || string_agg(
               '{"lot":' || to_json(m.lot)::text || ',"role":"' || m.role || '","delta":' || m.delta
               || ',"unit":"' || m.unit || '","facts":' || m.facts::text || '}',
               ',' ORDER BY m.ordinal)
           FILTER (WHERE m.role = 'make' OR m.lot IN (SELECT l.lot FROM lots l WHERE l.is_up)
               AND (m.role IN ('take', 'adjust', 'title') OR m.role = 'move'
                    AND (m.lot IN (SELECT unnest(p_lots)) OR EXISTS (
                         SELECT FROM traceability_movement b
                         WHERE b.lot = m.lot AND b.role = 'take'
                           AND (b.recorded_order < m.recorded_order OR EXISTS (
                                SELECT FROM traceability_entry a
                                WHERE a.recorded_order = b.recorded_order
                                  AND a.replaces IS NOT NULL))))))
           || ']' AS movements,
           array_agg(m.lot) FILTER (
               WHERE (m.lot, m.recorded_order) IN (SELECT l.lot, l.last FROM lots l)) AS ended,
           array_agg(m.lot) FILTER (WHERE m.role = 'make' AND m.lot IN (
               SELECT l.lot FROM lots l WHERE cardinality(l.orders) > 1)) AS made
    FROM traceability_movement m
    WHERE m.recorded_order = p.recorded_order AND (m.lot IN (SELECT l.lot FROM lots l)) IS TRUE
    OFFSET 0) t
LEFT JOIN LATERAL (
    SELECT * FROM ledger_entries(ARRAY[p.recorded_order], p_size) OFFSET 0) e ON true
$$;
