-- Reading lineage: what led to some lots, and what came of them (ADR 0018). The functions say what
-- is read, `tracing` and `descending` what it means. Every look-up goes through an index: asked
-- about thousands of lots, the planner left to itself would rather scan tables of millions, and
-- compile what it then runs for milliseconds.
--
-- A part of a lot (split, partial shipment) comes of that lot alone, whatever else the entry
-- moves: `into` and `from` name each other. Otherwise all that goes in is pooled.

-- Small: what an assay says governs a lot whenever it was written, and what is amended stands
-- where the original stood. What is introduced with a declared origin is rare, too.
CREATE INDEX movement_of_assay ON traceability_movement (lot) WHERE role = 'assay';
CREATE INDEX entry_that_amends ON traceability_entry (recorded_order) INCLUDE (replaces)
    WHERE replaces IS NOT NULL;
CREATE INDEX movement_declares_origin ON traceability_movement
    USING gin ((facts -> 'declared_origin') jsonb_path_ops)
    WHERE role = 'make' AND facts ? 'declared_origin';

-- Movements of some lots and of all that led to them; of lots that a step made beside them, out of
-- the same pool, what was measured: that part is not the others'. Entries are not looked at, but
-- with p_size what an entry at or above this log size made leads nowhere.
CREATE FUNCTION ledger_ancestry(p_lots text[], p_size bigint) RETURNS TABLE (
    recorded_order bigint, lot varchar, role varchar, delta bigint, unit varchar, facts text
) LANGUAGE sql STABLE ROWS 10000
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE led(lot, is_up) AS (
    SELECT unnest(p_lots)::varchar, true
    UNION
    SELECT other.lot, other.role = 'take' FROM led
    JOIN traceability_movement made ON made.lot = led.lot AND made.role = 'make'
      AND (p_size IS NULL OR EXISTS (
           SELECT FROM traceability_logindex i
           WHERE i.recorded_order = made.recorded_order AND i.index < p_size))
    JOIN traceability_movement other ON other.recorded_order = made.recorded_order
      AND CASE WHEN made.facts ? 'from'
          THEN other.role = 'take' AND other.lot = made.facts ->> 'from'
          ELSE other.role IN ('take', 'make') AND NOT other.facts ?| '{into,from}' END
    WHERE led.is_up
)
SELECT m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM (SELECT l.lot, bool_or(l.is_up) AS is_up FROM led l GROUP BY l.lot) lots
JOIN traceability_movement m ON m.lot = lots.lot
  AND (m.role IN ('make', 'move', 'assay') OR lots.is_up AND m.role IN ('take', 'adjust', 'title'))
ORDER BY m.recorded_order, m.ordinal
$$;

-- Whether more than so many lots led to some lots, those included; no further than it takes to tell.
CREATE FUNCTION ledger_led_by_more_than(p_lots text[], p_most bigint) RETURNS boolean
LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE led(lot, is_up) AS (
    SELECT unnest(p_lots)::varchar, true
    UNION
    SELECT other.lot, other.role = 'take' FROM led
    JOIN traceability_movement made ON made.lot = led.lot AND made.role = 'make'
    JOIN traceability_movement other ON other.recorded_order = made.recorded_order
      AND CASE WHEN made.facts ? 'from'
          THEN other.role = 'take' AND other.lot = made.facts ->> 'from'
          ELSE other.role IN ('take', 'make') AND NOT other.facts ?| '{into,from}' END
    WHERE led.is_up
)
SELECT count(*) > p_most FROM (SELECT FROM led LIMIT p_most + 1) found
$$;

-- Some lots and every lot that took from them, by statements replaced since as well.
CREATE FUNCTION ledger_descendants(p_lots text[]) RETURNS SETOF varchar
LANGUAGE sql STABLE ROWS 1000
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE down(lot) AS (
    SELECT unnest(p_lots)::varchar
    UNION
    SELECT made.lot FROM down
    JOIN traceability_movement taken ON taken.lot = down.lot AND taken.role = 'take'
    JOIN traceability_movement made ON made.recorded_order = taken.recorded_order
      AND made.role = 'make'
      AND CASE WHEN made.facts ? 'from' THEN taken.lot = made.facts ->> 'from'
               ELSE NOT taken.facts ? 'into' END
)
SELECT lot FROM down
$$;

-- The order of the first entry of a chain of corrections, of which one is named by its hash.
CREATE FUNCTION ledger_first(p_hash varchar) RETURNS bigint LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
WITH RECURSIVE chain AS (
    SELECT e.recorded_order, e.replaces FROM traceability_entry e WHERE e.hash = p_hash
    UNION ALL
    SELECT e.recorded_order, e.replaces FROM chain JOIN traceability_entry e ON e.hash = chain.replaces
)
SELECT min(recorded_order) FROM chain
$$;

-- Movements of some lots, of all that came of them, and of what went into that, in the order in
-- which they hold: `place` is that of the entry or, where it amends another, of the first one.
-- `last` is the last entry that moves the lot; null: of this lot only what was measured is told.
--
-- p_assayed (`[{"element": "Cu"}]`): of what only went into something else, go no further up than
-- to a lot that the statement which made it assayed for all of this, plainly. How much it holds is
-- then known, and where that is from is not asked: it is of nothing that is looked for.
CREATE FUNCTION ledger_descent(p_lots text[], p_assayed jsonb) RETURNS TABLE (
    place bigint, recorded_order bigint, lot varchar, role varchar, delta bigint, unit varchar,
    facts text, last bigint
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
          ELSE other.role IN ('take', 'make') AND NOT other.facts ?| '{into,from}' END
    WHERE led.is_up AND other.lot NOT IN (SELECT g.lot FROM given g)
)
SELECT CASE WHEN n.replaces IS NULL THEN m.recorded_order ELSE ledger_first(n.replaces) END AS place,
       m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts::text, lots.last
FROM (
    SELECT l.lot, CASE WHEN bool_or(l.is_up) THEN (
        SELECT max(x.recorded_order) FROM traceability_movement x WHERE x.lot = l.lot) END AS last
    FROM led l GROUP BY l.lot
) lots
JOIN traceability_movement m ON m.lot = lots.lot
  AND (m.role = 'make' OR lots.last IS NOT NULL AND m.role IN ('move', 'take', 'adjust', 'title'))
LEFT JOIN traceability_entry n ON n.recorded_order = m.recorded_order AND n.replaces IS NOT NULL
ORDER BY place, m.recorded_order, m.ordinal
$$;

-- Movements that document some lots besides their making: assays, and shipments whose consignment
-- was assayed.
CREATE FUNCTION ledger_documents(p_lots text[]) RETURNS TABLE (
    recorded_order bigint, lot varchar, role varchar, delta bigint, unit varchar, facts text
) LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
SELECT m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM unnest(p_lots) AS asked(lot)
JOIN traceability_movement m ON m.lot = asked.lot AND m.role = 'assay'
UNION ALL
SELECT m.recorded_order, m.lot, m.role, m.delta, m.unit, m.facts::text
FROM unnest(p_lots) AS asked(lot)
JOIN traceability_movement m ON m.lot = asked.lot AND m.role = 'move' AND m.facts ? 'gross'
WHERE EXISTS (
    SELECT FROM traceability_entrysubject s
    JOIN traceability_entry a ON a.recorded_order = s.recorded_order
    WHERE s.subject = 'consignment:' || (m.facts ->> 'consignment') || ':' || (m.facts ->> 'to')
      AND s.recorded_order <> m.recorded_order
      AND coalesce(a.event, a.kind) = 'custody.assay')
$$;

-- Assays, below a log size, of the consignments that some entries shipped, with their texts.
CREATE FUNCTION ledger_consignment_assays(p_orders bigint[], p_size bigint) RETURNS TABLE (
    shipped_order bigint, recorded_order bigint, jws text, disclosures jsonb
) LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
SELECT asked.recorded_order, a.recorded_order, t.jws, t.disclosures
FROM unnest(p_orders) AS asked(recorded_order)
JOIN traceability_entrysubject shipped ON shipped.recorded_order = asked.recorded_order
JOIN traceability_entrysubject s ON s.subject = shipped.subject
 AND s.recorded_order <> asked.recorded_order
JOIN traceability_entry a
  ON a.recorded_order = s.recorded_order AND coalesce(a.event, a.kind) = 'custody.assay'
JOIN traceability_logindex i ON i.recorded_order = a.recorded_order AND i.index < p_size
JOIN traceability_statementtext t ON t.recorded_order = a.recorded_order
WHERE shipped.subject LIKE 'consignment:%'
$$;

-- Entries below a log size, each with the one that amends it, whatever that one's place.
CREATE FUNCTION ledger_entries(p_orders bigint[], p_size bigint) RETURNS TABLE (
    recorded_order bigint, hash varchar, kind varchar, author varchar, facility varchar,
    stage varchar, effective_on date, effective varchar, replaces varchar, is_disputed boolean,
    amended_by bigint
) LANGUAGE sql STABLE ROWS 10000
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
SELECT e.recorded_order, e.hash, coalesce(e.event, e.kind), e.author, e.facility, e.stage,
       e.effective_on, e.effective, e.replaces,
       CASE WHEN e.kid IN (SELECT kid FROM traceability_key WHERE distrusted_from IS NOT NULL)
            THEN coalesce((
                SELECT k.distrusted_from <= i.index FROM traceability_key k
                JOIN traceability_logindex r ON r.recorded_order = k.revoked_order
                WHERE k.kid = e.kid AND r.index < p_size), false)
            ELSE false END,
       (SELECT n.recorded_order FROM traceability_entry n WHERE n.replaces = e.hash)
FROM unnest(p_orders) AS asked(recorded_order)
JOIN traceability_logindex i ON i.recorded_order = asked.recorded_order AND i.index < p_size
JOIN traceability_entry e ON e.recorded_order = asked.recorded_order
$$;

-- Lots that were made at, or shipped from, a facility from a day on, by statements replaced since
-- as well, and lots whose declared origin names it (`[{"facility": "…"}]`).
CREATE FUNCTION ledger_made_at(p_facility text, p_since date, p_declared jsonb)
RETURNS SETOF varchar LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
SELECT m.lot FROM traceability_entry e
JOIN traceability_movement m
  ON m.recorded_order = e.recorded_order AND m.role IN ('make', 'move')
WHERE e.facility = p_facility AND e.effective_on >= p_since
UNION
SELECT m.lot FROM traceability_movement m
WHERE m.role = 'make' AND m.facts ? 'declared_origin'
  AND m.facts -> 'declared_origin' @> p_declared
$$;

-- What documents about some lots, and their materials, say is in them, as it was written.
CREATE FUNCTION ledger_contents(p_lots text[]) RETURNS TABLE (
    material text, results text, formula text
) LANGUAGE sql STABLE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
AS $$
SELECT DISTINCT m.facts ->> 'material',
       (jsonb_path_query_array(m.facts, '$.assays[*].element')
        || jsonb_path_query_array(m.facts, '$.results[*].element'))::text,
       m.facts -> 'compound' ->> 'formula'
FROM unnest(p_lots) AS asked(lot)
JOIN traceability_movement m ON m.lot = asked.lot AND m.role IN ('make', 'assay')
$$;
