-- Who may know a lot, from what happened to it: whoever began it, its owners then, and whoever it
-- was sent, given back or passed in title to. Of a part that is not who knew the whole.
-- A lot's id says who began it; a part's owners then are those before its first change of title.
CREATE FUNCTION ledger_known_to(p_lot text) RETURNS varchar[] LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
AS $$
    WITH moved AS (
        SELECT m.recorded_order, m.ordinal, m.role, m.facts, e.author, e.replaces
        FROM traceability_movement m
        JOIN traceability_entry e ON e.recorded_order = m.recorded_order
        WHERE m.lot = p_lot
    ), owned AS (
        -- As it began, and as corrections began it anew.
        SELECT facts -> 'owners' AS owners FROM moved WHERE role = 'make' AND facts ? 'owners'
      UNION ALL
        SELECT coalesce(
            (SELECT facts -> 'before' FROM moved WHERE role = 'title'
             ORDER BY recorded_order, ordinal LIMIT 1),
            (SELECT owners FROM traceability_lot WHERE id = p_lot))
        WHERE EXISTS (SELECT FROM moved WHERE role = 'make' AND facts ? 'from')
    ), names AS (
        SELECT split_part(p_lot, ':', 1) AS name
      UNION
        SELECT share #>> '{owner,organization}'
        FROM owned, jsonb_array_elements(owned.owners) AS share
      UNION
        SELECT facts ->> 'to' FROM moved WHERE role = 'move'
      UNION
        SELECT coalesce(nullif(facts ->> 'to', ''), author) FROM moved WHERE role = 'title'
      UNION
        -- An operator that stated for itself what was reported for it, with other owners.
        SELECT n.author FROM moved n
        JOIN traceability_entry o ON o.hash = n.replaces
        JOIN traceability_movement m
          ON m.recorded_order = o.recorded_order AND m.lot = p_lot AND m.role = 'make'
        WHERE n.role = 'make' AND n.facts -> 'owners' IS DISTINCT FROM m.facts -> 'owners'
    )
    SELECT array_agg(name::varchar ORDER BY name COLLATE "C") FROM names WHERE name <> ''
$$;
