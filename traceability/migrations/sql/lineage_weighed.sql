-- Which weighing of a lot a document is of is told by the order of both (ADR 0039): so whoever reads
-- documents of a lot reads its weighings, too.

-- What `ledger_documents` tells, and every weighing of the same lots.
CREATE FUNCTION ledger_documents_weighed(p_lots text[]) RETURNS TABLE (
    recorded_order bigint, ordinal integer, lot varchar, role varchar, delta bigint, unit varchar,
    facts text
) LANGUAGE sql STABLE ROWS 100
AS $$
SELECT * FROM ledger_documents(p_lots)
UNION ALL
SELECT m.recorded_order, m.ordinal, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM traceability_movement m WHERE m.lot = ANY (p_lots) AND m.role = 'adjust'
$$;

-- As in lineage_streamed.sql, with look-ups made together (lineage_together.sql). Lots that were merely made of the same pool are not followed further:
-- of those with documents, weighings are told with the role `weighed`, and change no amount.
CREATE OR REPLACE FUNCTION ledger_ancestry(p_lots text[], p_size bigint) RETURNS TABLE (
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
SELECT m.recorded_order, m.ordinal, m.lot,
       CASE WHEN m.role <> 'adjust' OR m.lot IN (SELECT l.lot FROM led l WHERE l.is_up)
            THEN m.role ELSE 'weighed' END,
       m.delta, m.unit, m.facts::text
FROM traceability_movement m
WHERE m.lot = ANY (ARRAY(SELECT l.lot FROM led l)) AND m.role NOT IN ('open', 'close')
  AND (m.role IN ('make', 'move', 'assay') OR m.lot IN (SELECT l.lot FROM led l WHERE l.is_up)
       OR m.role = 'adjust' AND EXISTS (SELECT FROM ledger_documents(ARRAY[m.lot]::text[])))
$$;
