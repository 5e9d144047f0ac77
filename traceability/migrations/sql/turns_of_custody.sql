-- What an amendment must know of the past: where the statements it names stand (with the first
-- of their correction chain), and what standing statements did to its lots, in order: to their
-- amounts, and to who has or owns them. Planned like the functions of the write path: by index,
-- whatever the tables have grown to.
CREATE OR REPLACE FUNCTION ledger_turns(p_statements text[], p_lots text[]) RETURNS json
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    SELECT json_build_object(
        'places', (
            SELECT json_object_agg(s, ledger_first(s)) FROM unnest(p_statements) AS s
        ),
        'turns', (SELECT json_agg(t ORDER BY t.place, t.ordinal) FROM (
            SELECT m.lot, m.ordinal, m.delta::text, m.role = 'make' AS begins,
                   CASE WHEN m.role = 'adjust' THEN m.facts ->> 'to' END AS "to",
                   CASE WHEN m.role = 'title' THEN 'title'
                        WHEN m.role = 'move' OR (m.role = 'adjust' AND m.facts ? 'consignment')
                        THEN 'custody' END AS passes,
                   CASE WHEN e.replaces IS NULL THEN e.recorded_order
                        ELSE ledger_first(e.hash) END AS place
            FROM traceability_movement m
            JOIN traceability_entry e ON e.recorded_order = m.recorded_order
            WHERE m.lot = ANY (p_lots) AND m.role IN ('make', 'take', 'adjust', 'move', 'title')
              AND NOT EXISTS (SELECT FROM traceability_entry n WHERE n.replaces = e.hash)
        ) t)
    )
$$;
