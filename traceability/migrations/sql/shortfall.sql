-- How much a lot gave beyond what it held, over all its turns: `turns.shortfall_of`, which says why.
-- Read through the index of a lot's movements, whatever the tables have grown to.
CREATE FUNCTION ledger_shortfall(p_lot text) RETURNS numeric LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
DECLARE
    turn record;
    held numeric := 0;
    short numeric := 0;
BEGIN
    FOR turn IN
        SELECT m.delta::numeric AS delta, m.role = 'make' AS begins,
               CASE WHEN m.role = 'adjust' THEN (m.facts ->> 'to')::numeric END AS weighed,
               CASE WHEN e.replaces IS NULL THEN e.recorded_order
                    ELSE ledger_first(e.hash) END AS place
        FROM traceability_movement m
        JOIN traceability_entry e ON e.recorded_order = m.recorded_order
        WHERE m.lot = p_lot AND m.role IN ('make', 'take', 'adjust')
          AND NOT EXISTS (SELECT FROM traceability_entry n WHERE n.replaces = e.hash)
        ORDER BY begins DESC, place, m.ordinal
    LOOP
        IF turn.weighed IS NOT NULL THEN
            held := turn.weighed;
            CONTINUE;
        END IF;
        IF turn.delta < 0 THEN
            short := short + greatest(0, -turn.delta - greatest(held, 0));
        END IF;
        held := held + turn.delta;
    END LOOP;
    RETURN short;
END
$$;
