-- Reading lineage with fewer look-ups; what is read stays the same (lineage.sql, ADR 0018).
--
-- What is mined or introduced is made alone and of nothing: its entry moves nothing else, and is
-- not looked up for what went in. A lot that is asked about need not be found once more as one
-- that was made beside itself. Lots are looked up in the order of their names: neighbours lie on
-- the same pages of the index.

CREATE OR REPLACE FUNCTION ledger_ancestry(p_lots text[], p_size bigint) RETURNS TABLE (
    recorded_order bigint, lot varchar, role varchar, delta bigint, unit varchar, facts text
) LANGUAGE sql STABLE ROWS 10000
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE led(lot, is_up) AS (
    SELECT unnest(p_lots)::varchar, true
    UNION
    SELECT other.lot, other.role = 'take' FROM led
    JOIN traceability_movement made ON made.lot = led.lot AND made.role = 'make'
      AND coalesce(made.facts ->> 'source', '') NOT IN ('mined', 'introduced')
      AND (p_size IS NULL OR EXISTS (
           SELECT FROM traceability_logindex i
           WHERE i.recorded_order = made.recorded_order AND i.index < p_size))
    JOIN traceability_movement other ON other.recorded_order = made.recorded_order
      AND CASE WHEN made.facts ? 'from'
          THEN other.role = 'take' AND other.lot = made.facts ->> 'from'
          ELSE (other.role = 'take' OR other.role = 'make' AND other.lot <> led.lot)
               AND NOT other.facts ?| '{into,from}' END
    WHERE led.is_up
)
SELECT m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot ORDER BY l.lot) lots
JOIN traceability_movement m ON m.lot = lots.lot
  AND (m.role IN ('make', 'move', 'assay') OR lots.is_up AND m.role IN ('take', 'adjust', 'title'))
ORDER BY m.recorded_order, m.ordinal
$$;

-- `ledger_descent` in a form that also tells `is_documented`: more than what made it documents the
-- lot, if its assays do, or the consignments that it travelled in were assayed. Of each lot all is
-- read at once, so that what it says of the lot as a whole needs no look-up of its own.
DROP FUNCTION ledger_descent(text[], jsonb);

CREATE FUNCTION ledger_course(p_lots text[], p_assayed jsonb) RETURNS TABLE (
    place bigint, recorded_order bigint, lot varchar, role varchar, delta bigint, unit varchar,
    facts text, last bigint, is_documented boolean
) LANGUAGE sql STABLE ROWS 100000
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE given AS MATERIALIZED (
    SELECT lot FROM ledger_descendants(p_lots) AS d(lot)
), led(lot, is_up, may_stop) AS (
    SELECT g.lot, true, false FROM given g
    UNION
    SELECT other.lot, other.role = 'take', true FROM led
    JOIN traceability_movement made ON made.lot = led.lot AND made.role = 'make'
      AND coalesce(made.facts ->> 'source', '') NOT IN ('mined', 'introduced')
      AND NOT (led.may_stop AND p_assayed IS NOT NULL
               AND coalesce(made.facts -> 'assays' @> p_assayed, false)
               AND NOT made.facts @? '$.assays[*] ? (@.basis != "dry" || exists(@.low)
                                                     || exists(@.high) || exists(@.expressed_as))'
               AND NOT made.facts ? 'compound'
               AND NOT made.facts -> 'quantity' ?| '{low,high}'
               AND (made.facts -> 'quantity' ->> 'basis' = 'dry'
                    OR made.facts -> 'quantity' ->> 'moisture' LIKE '0%')
               AND NOT EXISTS (
                   SELECT FROM traceability_movement a WHERE a.lot = led.lot AND a.role = 'assay')
               AND NOT EXISTS (
                   SELECT FROM traceability_movement v
                   JOIN traceability_entrysubject s ON s.subject
                     = 'consignment:' || (v.facts ->> 'consignment') || ':' || (v.facts ->> 'to')
                   JOIN traceability_entry a ON a.recorded_order = s.recorded_order
                   WHERE v.lot = led.lot AND v.role = 'move' AND v.facts ? 'gross'
                     AND coalesce(a.event, a.kind) = 'custody.assay'))
    JOIN traceability_movement other ON other.recorded_order = made.recorded_order
      AND CASE WHEN made.facts ? 'from'
          THEN other.role = 'take' AND other.lot = made.facts ->> 'from'
          ELSE (other.role = 'take' OR other.role = 'make' AND other.lot <> led.lot)
               AND NOT other.facts ?| '{into,from}' END
    WHERE led.is_up AND other.lot NOT IN (SELECT g.lot FROM given g)
)
SELECT CASE WHEN n.replaces IS NULL THEN t.recorded_order ELSE ledger_first(n.replaces) END AS place,
       t.recorded_order, t.lot, t.role, t.delta, t.unit, t.facts::text,
       CASE WHEN t.is_up THEN t.last END, t.is_documented
FROM (
    SELECT m.recorded_order, m.ordinal, m.lot, m.role, m.delta, m.unit, m.facts, lots.is_up,
           max(m.recorded_order) OVER of_lot AS last,
           bool_or(m.role = 'assay' OR m.role = 'move' AND m.facts ? 'gross') OVER of_lot
             AS is_documented
    FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot ORDER BY l.lot) lots
    JOIN traceability_movement m ON m.lot = lots.lot
    WINDOW of_lot AS (PARTITION BY lots.lot)
) t
LEFT JOIN traceability_entry n ON n.recorded_order = t.recorded_order AND n.replaces IS NOT NULL
WHERE t.role = 'make' OR t.is_up AND t.role IN ('move', 'take', 'adjust', 'title')
ORDER BY place, t.recorded_order, t.ordinal
$$;
