-- Reading lineage with fewer look-ups; what is read stays the same (lineage.sql, ADR 0018).
--
-- What is mined or introduced is made alone and of nothing: its entry moves nothing else, and is
-- not looked up for what went in. A lot that is asked about need not be found once more as one
-- that was made beside itself.

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
FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot) lots
JOIN traceability_movement m ON m.lot = lots.lot
  AND (m.role IN ('make', 'move', 'assay') OR lots.is_up AND m.role IN ('take', 'adjust', 'title'))
ORDER BY m.recorded_order, m.ordinal
$$;
