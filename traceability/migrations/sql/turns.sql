-- What an amendment must know of the past: where the statements it names stand (with the first
-- of their correction chain), and what standing statements did to the amounts of its lots, in
-- order. Planned like the functions of the write path: by index, whatever the tables have grown to.
CREATE FUNCTION ledger_turns(p_statements text[], p_lots text[]) RETURNS json LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    SELECT json_build_object(
        'places', (
            SELECT json_object_agg(s, ledger_first(s)) FROM unnest(p_statements) AS s
        ),
        'turns', (SELECT json_agg(t ORDER BY t.place, t.ordinal) FROM (
            SELECT m.lot, m.ordinal, m.delta::text, m.role = 'make' AS begins,
                   CASE WHEN m.role = 'adjust' THEN m.facts ->> 'to' END AS "to",
                   CASE WHEN e.replaces IS NULL THEN e.recorded_order
                        ELSE ledger_first(e.hash) END AS place
            FROM traceability_movement m
            JOIN traceability_entry e ON e.recorded_order = m.recorded_order
            WHERE m.lot = ANY (p_lots) AND m.role IN ('make', 'take', 'adjust')
              AND NOT EXISTS (SELECT FROM traceability_entry n WHERE n.replaces = e.hash)
        ) t)
    )
$$;
