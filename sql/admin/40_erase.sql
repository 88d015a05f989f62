-- Erasure of a customer: who it was goes, the facts stay.
-- Clears what says who a customer was, and keeps the facts.  The row is locked
-- first: a load about the customer has ended then, or will find it erased.  What
-- a second call finds left is cleared too.  Redemptions are booked before, because
-- an erased customer takes no cost.
CREATE FUNCTION crmcost.key_hash(ledger name, source text, source_key text)
  RETURNS bytea
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result bytea;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format('SELECT e.secret FROM %I.erasure_secret e', ledger)
    INTO result;
  RETURN sha256(result || convert_to(
    jsonb_build_array(source, source_key)::text,
    CASE WHEN getdatabaseencoding() IN ('SQL_ASCII', 'MULE_INTERNAL')
      THEN getdatabaseencoding() ELSE 'UTF8' END));
END
$$;

COMMENT ON FUNCTION crmcost.key_hash(name, text, text) IS
  'Hash of a customer''s key as table erased_key of a ledger has it; NULL for a role that may not see erasure_secret.';

CREATE FUNCTION crmcost.erase_customer(ledger name, customer_id bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
  SET crmcost.gather = off      -- until here ends: _gather_party sets it
AS $$
#variable_conflict use_column
DECLARE
  known record;
  erased boolean;
  party bigint[];
BEGIN
  erased := crmcost._run_as_owner(
              ledger, NULL, 'crmcost.erase_customer(name,bigint)', ledger,
              erase_customer.customer_id);
  IF erased IS NOT NULL THEN
    RETURN erased;
  END IF;
  -- a refresh would write again what it has read before
  PERFORM crmcost._lock_ledger(ledger);
  party := crmcost._gather_party(ledger, erase_customer.customer_id);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT source, source_key, erased_at INTO known
    FROM customer
    WHERE customer_id = erase_customer.customer_id
    FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'customer_id must be a customer of ledger "%", not %',
                    ledger, coalesce(erase_customer.customer_id::text, 'null')
      USING ERRCODE = 'no_data_found';
  END IF;
  IF known.erased_at IS NOT NULL THEN
    PERFORM crmcost._erase_references(ledger, erase_customer.customer_id);
    PERFORM crmcost._send_party(ledger, party);
    RETURN false;
  END IF;
  PERFORM crmcost._book_redemptions(
    ledger, format('e.customer_id = %s', erase_customer.customer_id),
    now());
  PERFORM crmcost._erase_references(ledger, erase_customer.customer_id);
  -- before the key goes, so that a load of it finds the one or the other
  INSERT INTO erased_key (key_hash)
    VALUES (crmcost.key_hash(ledger, known.source, known.source_key))
    ON CONFLICT (key_hash) DO NOTHING;
  UPDATE customer
    SET source_key = NULL, attributes = '{}', erased_at = now()
    WHERE customer_id = erase_customer.customer_id;
  PERFORM crmcost._send_party(ledger, party);
  RETURN true;
END
$$;

COMMENT ON FUNCTION crmcost.erase_customer(name, bigint) IS
  'Clears what says who a customer was (source_key, attributes, references to the source, owners, evidence) and keeps the facts, so that no total moves; a repeated load is refused. false when it was done before.';

-- The search path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._erase_orders(customer_id bigint, party bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  erased CONSTANT text := '^erased [0-9a-f-]{36}$';
BEGIN
  WITH placed AS MATERIALIZED (
    SELECT source, order_ref, 'erased ' || gen_random_uuid()::text AS random_ref
    FROM (SELECT DISTINCT source, order_ref
          FROM sale
          WHERE customer_id = _erase_orders.customer_id
                AND order_ref !~ erased) o
  ), stored AS (
    UPDATE customer_order s
      SET order_ref = p.random_ref
      FROM placed p
      WHERE s.customer_id = _erase_orders.party
            AND s.source = p.source AND s.order_ref = p.order_ref
  ), converted AS (
    UPDATE conversion s
      SET order_ref = p.random_ref
      FROM placed p
      WHERE s.customer_id = _erase_orders.party AND s.conversion_kind = 'order'
            AND s.source = p.source AND s.order_ref = p.order_ref
  )
  UPDATE sale s
    SET order_ref = p.random_ref
    FROM placed p
    WHERE s.customer_id = _erase_orders.customer_id
          AND s.source = p.source AND s.order_ref = p.order_ref;
END
$$;

COMMENT ON FUNCTION crmcost._erase_orders(bigint, bigint) IS
  'Replaces the references to a customer''s orders, in the facts and, under the number of the party, in the store.';

-- A case may have rows of customers merged into one: they stay together.  The search
-- path is the caller's, with the ledger first.
CREATE FUNCTION crmcost._erase_cases(customer_id bigint, party bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
  erased CONSTANT text := '^erased [0-9a-f-]{36}$';
BEGIN
  WITH RECURSIVE member AS (
    SELECT c.customer_id FROM customer c
    WHERE c.customer_id = _erase_cases.party
    UNION
    SELECT c.customer_id
    FROM customer c JOIN member m ON c.merged_into = m.customer_id
  ), named AS MATERIALIZED (
    SELECT source, case_ref, 'erased ' || gen_random_uuid()::text AS random_ref
    FROM (SELECT DISTINCT source, case_ref
          FROM interaction
          WHERE customer_id = _erase_cases.customer_id
                AND case_ref !~ erased) c
  ), stored AS (
    UPDATE service_case s
      SET case_ref = n.random_ref
      FROM named n
      WHERE s.customer_id = _erase_cases.party
            AND s.source = n.source AND s.case_ref = n.case_ref
  )
  UPDATE interaction i
    SET case_ref = n.random_ref
    FROM named n
    WHERE i.customer_id IN (SELECT m.customer_id FROM member m)
          AND i.source = n.source AND i.case_ref = n.case_ref;
END
$$;

COMMENT ON FUNCTION crmcost._erase_cases(bigint, bigint) IS
  'Replaces the references to a customer''s cases, in the facts and, under the number of the party, in the store.';

-- References become random ones: unique as they must be, the lines of an order
-- still of one order, and nothing that could be looked up.
CREATE FUNCTION crmcost._erase_references(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  erased CONSTANT text := '^erased [0-9a-f-]{36}$';
  party bigint := _erase_references.customer_id;
  into_party bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  -- under whose number the store has the orders of a merged customer
  LOOP
    SELECT c.merged_into INTO into_party FROM customer c
      WHERE c.customer_id = party;
    EXIT WHEN into_party IS NULL;
    party := into_party;
  END LOOP;
  PERFORM crmcost._erase_orders(_erase_references.customer_id, party);
  PERFORM crmcost._erase_cases(_erase_references.customer_id, party);
  -- the booking of a redemption names the entry by the ledger's own number
  UPDATE cost_entry k
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased
          AND NOT (source = 'loyalty' AND source_ref IN (
                     SELECT e.entry_id::text FROM loyalty_entry e
                     WHERE e.customer_id = _erase_references.customer_id));
  UPDATE interaction
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased;
  UPDATE loyalty_entry
    SET source_ref = 'erased ' || gen_random_uuid()::text
    WHERE customer_id = _erase_references.customer_id
          AND source_ref !~ erased;
  PERFORM crmcost._erase_lots(ledger, _erase_references.customer_id);
  PERFORM crmcost._erase_tags(ledger, _erase_references.customer_id);
  PERFORM crmcost._erase_needs(ledger, _erase_references.customer_id, party);
  PERFORM crmcost._erase_classes(ledger, _erase_references.customer_id);
END
$$;

COMMENT ON FUNCTION crmcost._erase_references(name, bigint) IS
  'Replaces what refers to a customer''s rows in their source, and clears owners and evidence.';

-- What was taken back still names the lot or order that it was taken back of.
CREATE FUNCTION crmcost._erase_lots(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  erased CONSTANT text := '^erased [0-9a-f-]{36}$';
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  WITH named AS MATERIALIZED (
    SELECT old_name, 'erased ' || gen_random_uuid()::text AS random_name
    FROM (SELECT lot AS old_name FROM loyalty_entry
          WHERE customer_id = _erase_lots.customer_id
          UNION
          SELECT order_ref FROM loyalty_entry
          WHERE customer_id = _erase_lots.customer_id) n
    WHERE old_name !~ erased
  )
  UPDATE loyalty_entry e
    SET lot = coalesce((SELECT n.random_name FROM named n
                        WHERE n.old_name = e.lot), e.lot),
        order_ref = coalesce((SELECT n.random_name FROM named n
                              WHERE n.old_name = e.order_ref), e.order_ref)
    WHERE e.customer_id = _erase_lots.customer_id
          AND (e.lot !~ erased OR e.order_ref !~ erased);
END
$$;

COMMENT ON FUNCTION crmcost._erase_lots(name, bigint) IS
  'Replaces the lots and orders that a customer''s points name.';

-- The tags that say a channel, a team or a service level are those of many, and
-- reports follow them.
CREATE FUNCTION crmcost._erase_tags(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE interaction
    SET attributes = jsonb_strip_nulls(jsonb_build_object(
          'utm_source', attributes -> 'utm_source',
          'utm_medium', attributes -> 'utm_medium',
          'utm_campaign', attributes -> 'utm_campaign',
          'team', attributes -> 'team',
          'service_level', attributes -> 'service_level'))
    WHERE customer_id = _erase_tags.customer_id
          AND attributes - '{utm_source,utm_medium,utm_campaign,team,service_level}'::text[]
              <> '{}';
END
$$;

COMMENT ON FUNCTION crmcost._erase_tags(name, bigint) IS
  'Clears the attributes of a customer''s interactions, but those that say the channel, the team and the service level.';

-- What the customer said goes at once, also where it counts for another one after a
-- merger: the next refresh finds what is left of that.  Nobody is to talk to an
-- erased customer; but what was done, or held back, stays to be counted.
CREATE FUNCTION crmcost._erase_needs(ledger name, customer_id bigint,
                                     party bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE need_total t
    SET customers = t.customers - g.customers,
        in_attributes = t.in_attributes - g.in_attributes,
        mentions = t.mentions - g.mentions
    FROM (SELECT need, count(*) AS customers, sum(mentions) AS mentions,
                 count(*) FILTER (WHERE in_attributes) AS in_attributes
          FROM need_tag
          WHERE customer_id IN (_erase_needs.customer_id, party)
          GROUP BY need) g
    WHERE t.need = g.need;
  DELETE FROM need_tag
    WHERE customer_id IN (_erase_needs.customer_id, party);
  DELETE FROM need_total WHERE customers <= 0;
  DELETE FROM customer_occasion
    WHERE customer_id IN (_erase_needs.customer_id, party);
  DELETE FROM cart_item WHERE customer_id = _erase_needs.customer_id;
  DELETE FROM customer_favourite
    WHERE customer_id = _erase_needs.customer_id;
  DELETE FROM worklist
    WHERE customer_id = _erase_needs.customer_id
          AND status IN ('open', 'snoozed');
  UPDATE worklist SET evidence = '{}'
    WHERE customer_id = _erase_needs.customer_id AND evidence <> '{}';
END
$$;

COMMENT ON FUNCTION crmcost._erase_needs(name, bigint, bigint) IS
  'Takes a customer off the worklist, and out of the tables of what customers want.';

-- Stages and tiers are the ledger's own words, and so is the evidence of its
-- rules; anything else is a person's.
CREATE FUNCTION crmcost._erase_classes(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  UPDATE classification c
    SET evidence = CASE WHEN by_rule THEN evidence END,
        code = CASE
                 WHEN dimension = 'stage' OR code = 'none'
                      OR by_rule AND dimension NOT IN ('owner', 'invalid')
                      OR EXISTS (SELECT FROM tier t
                                 WHERE t.scheme = c.dimension
                                       AND t.code = c.code)
                   THEN code
                 ELSE 'erased'
               END
    WHERE customer_id = _erase_classes.customer_id;
  PERFORM crmcost._erase_owner(ledger, _erase_classes.customer_id);
  UPDATE customer_class k
    SET code = c.code
    FROM classification c
    WHERE k.customer_id = _erase_classes.customer_id
          AND c.customer_id = k.customer_id AND c.dimension = k.dimension
          AND c.entered_at = k.entered_at AND k.code <> c.code;
END
$$;

COMMENT ON FUNCTION crmcost._erase_classes(name, bigint) IS
  'Clears what persons have said of a customer in words of their own, and why.';

-- Where customers are counted by owner, the customer is one of an erased owner.
CREATE FUNCTION crmcost._erase_owner(ledger name, customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  owner text;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  SELECT k.code INTO owner
    FROM customer_class k
    JOIN classification c
      ON c.customer_id = k.customer_id AND c.dimension = k.dimension
         AND c.entered_at = k.entered_at AND c.code <> k.code
    WHERE k.customer_id = _erase_owner.customer_id AND k.dimension = 'owner';
  IF NOT FOUND THEN
    RETURN;
  END IF;
  WITH held AS (
    SELECT k.dimension AS scheme, k.code AS tier
    FROM customer_class k
    WHERE k.customer_id = _erase_owner.customer_id
  ), taken AS (
    UPDATE tier_agent t SET customers = t.customers - 1
      FROM held h
      WHERE t.scheme = h.scheme AND t.tier = h.tier AND t.agent_code = owner
            AND t.customers > 0
      RETURNING t.scheme, t.tier
  )
  INSERT INTO tier_agent AS t
      (scheme, tier, agent_code, customers, interactions, automated,
       handle_seconds)
    SELECT scheme, tier, 'erased', 1, 0, 0, 0 FROM taken
    ON CONFLICT (scheme, tier, agent_code) DO UPDATE SET
      customers = t.customers + 1;
  DELETE FROM tier_agent t
    WHERE t.agent_code = owner AND t.customers = 0 AND t.interactions = 0
          AND t.automated = 0 AND t.handle_seconds = 0;
END
$$;

COMMENT ON FUNCTION crmcost._erase_owner(name, bigint) IS
  'Takes the owner of an erased customer out of the counts of tier_agent.';
