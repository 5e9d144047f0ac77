-- Reading lineage with many look-ups in one; what is read stays the same (lineage_streamed.sql).
--
-- `= ANY` of an array walks an index once, from one key to the next, where a join goes down it anew
-- for each row: that takes a third of the time (ADR 0036). Wherever all keys are known beforehand,
-- they are brought together in an array first. How many there are is not to be seen beforehand, or
-- the planner would read whole tables instead: so it is an array that a query makes, or the plan is
-- one for all arrays (`traceability.streaming`).

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
FROM traceability_entry e
WHERE e.recorded_order = ANY (p_orders)
  AND (e.recorded_order < (SELECT ledger_all_known_below(p_size))
       OR EXISTS (SELECT FROM traceability_logindex i
                  WHERE i.recorded_order = e.recorded_order AND i.index < p_size))
$$;

-- Lots that were made at, or shipped from, a facility from a day on, by statements replaced since
-- as well, and lots whose declared origin names it (`[{"facility": "…"}]`). An event that lasted
-- into that day is one of them; how long a correction says that it lasted, its entry does not tell.
CREATE OR REPLACE FUNCTION ledger_made_at(p_facility text, p_since date, p_declared jsonb)
RETURNS SETOF varchar LANGUAGE sql STABLE
AS $$
SELECT m.lot FROM traceability_movement m
WHERE m.role IN ('make', 'move') AND m.recorded_order = ANY (ARRAY(
      SELECT e.recorded_order FROM traceability_entry e
      WHERE e.facility = p_facility
        AND (e.effective_on >= p_since OR e.replaces IS NOT NULL
             OR left(split_part(e.effective, '/', 2), 10) >= p_since::text)))
UNION
SELECT m.lot FROM traceability_movement m
WHERE m.role = 'make' AND m.facts ? 'declared_origin'
  AND m.facts -> 'declared_origin' @> p_declared
$$;

CREATE OR REPLACE FUNCTION ledger_contents(p_lots text[]) RETURNS TABLE (
    material text, results text, formula text
) LANGUAGE sql STABLE
AS $$
SELECT DISTINCT m.facts ->> 'material',
       (jsonb_path_query_array(m.facts, '$.assays[*].element')
        || jsonb_path_query_array(m.facts, '$.results[*].element'))::text,
       m.facts -> 'compound' ->> 'formula'
FROM traceability_movement m
WHERE m.lot = ANY (ARRAY(SELECT unnest(p_lots))) AND m.role IN ('make', 'assay')
$$;

CREATE OR REPLACE FUNCTION ledger_documents(p_lots text[]) RETURNS TABLE (
    recorded_order bigint, ordinal integer, lot varchar, role varchar, delta bigint, unit varchar,
    facts text
) LANGUAGE sql STABLE ROWS 100
AS $$
SELECT m.recorded_order, m.ordinal, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM traceability_movement m
WHERE m.lot = ANY (p_lots)
  AND (m.role = 'assay' OR m.role = 'move' AND m.facts ? 'gross' AND EXISTS (
       SELECT FROM traceability_entrysubject s
       CROSS JOIN LATERAL (
           SELECT FROM traceability_entry a
           WHERE a.recorded_order = s.recorded_order
             AND coalesce(a.event, a.kind) = 'custody.assay'
           OFFSET 0) a
       WHERE s.subject = 'consignment:' || (m.facts ->> 'consignment') || ':' || (m.facts ->> 'to')
         AND s.recorded_order <> m.recorded_order))
$$;

CREATE OR REPLACE FUNCTION ledger_passages(p_lots text[], p_assayed jsonb, p_size bigint)
RETURNS TABLE (
    place bigint, recorded_order bigint, hash varchar, kind varchar, author varchar,
    facility varchar, stage varchar, effective_on date, effective varchar, replaces varchar,
    is_disputed boolean, amended_by bigint, movements text, ended varchar[], documented varchar[]
) LANGUAGE sql STABLE ROWS 100000
AS $$
WITH RECURSIVE given AS MATERIALIZED (
    SELECT lot FROM ledger_descendants(p_lots) AS d(lot)
), made AS MATERIALIZED (
    SELECT m.recorded_order, (m.facts ->> 'from')::varchar AS part_of
    FROM traceability_movement m
    WHERE m.lot = ANY (ARRAY(SELECT g.lot FROM given g)) AND m.role = 'make'
      AND coalesce(m.facts ->> 'source', '') NOT IN ('mined', 'introduced')
), led(lot, is_up) AS (
    SELECT met.lot, met.is_up FROM (
        SELECT d.part_of AS lot, true AS is_up FROM made d WHERE d.part_of IS NOT NULL
        UNION ALL
        SELECT m.lot, m.role = 'take' FROM traceability_movement m
        WHERE m.recorded_order = ANY (ARRAY(
              SELECT DISTINCT d.recorded_order FROM made d WHERE d.part_of IS NULL))
          AND m.role IN ('take', 'make') AND NOT m.facts ?| '{into,from}') met
    WHERE met.lot NOT IN (SELECT g.lot FROM given g)
    UNION
    SELECT other.lot, other.is_up FROM led
    CROSS JOIN LATERAL (
        SELECT m.recorded_order, m.facts FROM traceability_movement m
        WHERE m.lot = led.lot AND m.role = 'make'
          AND coalesce(m.facts ->> 'source', '') NOT IN ('mined', 'introduced')
          AND NOT (p_assayed IS NOT NULL
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
), known AS MATERIALIZED (
    SELECT g.lot, true AS is_up FROM given g
    UNION ALL
    SELECT l.lot, bool_or(l.is_up) FROM led l GROUP BY l.lot
), orders AS MATERIALIZED (
    SELECT DISTINCT m.recorded_order
    FROM traceability_movement m WHERE m.lot = ANY (ARRAY(SELECT k.lot FROM known k))
), amending AS MATERIALIZED (
    SELECT e.recorded_order, ledger_first(e.replaces) AS place FROM traceability_entry e
    WHERE e.replaces IS NOT NULL
      AND e.recorded_order = ANY (ARRAY(SELECT o.recorded_order FROM orders o))
), placed AS (
    SELECT a.recorded_order, a.place FROM amending a
    UNION ALL
    SELECT o.recorded_order, o.recorded_order FROM orders o
    WHERE o.recorded_order NOT IN (SELECT a.recorded_order FROM amending a)
    ORDER BY place, recorded_order
)
SELECT p.place, p.recorded_order, e.hash, e.kind, e.author, e.facility, e.stage, e.effective_on,
       e.effective, e.replaces, e.is_disputed, e.amended_by, t.movements, t.ended,
       CASE WHEN t.made IS NOT NULL THEN (
           SELECT array_agg(DISTINCT d.lot) FROM ledger_documents(t.made::text[]) d) END
FROM placed p
CROSS JOIN LATERAL (
    SELECT '[' || string_agg(
               '{"lot":' || to_json(m.lot)::text || ',"role":"' || m.role || '","delta":' || m.delta
               || ',"unit":"' || m.unit || '","facts":' || m.facts::text || '}',
               ',' ORDER BY m.ordinal)
           FILTER (WHERE m.role = 'make' OR m.lot IN (SELECT k.lot FROM known k WHERE k.is_up)
               AND (m.role IN ('take', 'adjust', 'title') OR m.role = 'move'
                    AND (m.lot IN (SELECT unnest(p_lots)) OR EXISTS (
                         SELECT FROM traceability_movement b
                         WHERE b.lot = m.lot AND b.role = 'take'
                           AND (b.recorded_order < m.recorded_order OR EXISTS (
                                SELECT FROM traceability_entry a
                                WHERE a.recorded_order = b.recorded_order
                                  AND a.replaces IS NOT NULL))))))
           || ']' AS movements,
           array_agg(m.lot) FILTER (WHERE NOT EXISTS (
               SELECT FROM traceability_movement l
               WHERE l.lot = m.lot AND l.recorded_order > m.recorded_order)) AS ended,
           array_agg(m.lot) FILTER (WHERE m.role = 'make') AS made
    FROM traceability_movement m
    WHERE m.recorded_order = p.recorded_order AND (m.lot IN (SELECT k.lot FROM known k)) IS TRUE
    OFFSET 0) t
LEFT JOIN LATERAL (
    SELECT * FROM ledger_entries(ARRAY[p.recorded_order], p_size) OFFSET 0) e ON true
$$;
