-- The rows of a few customers of a distributed ledger: copied to schema LEDGER_gather,
-- where plain statements change them, and what differs then is written back.

-- Numbers of all who are one party with a customer, who is among them.  A WITH RECURSIVE
-- over customers Citus refuses.
CREATE FUNCTION crmcost._one_party(ledger name, customer_id bigint)
  RETURNS bigint[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  root bigint := customer_id;
  survivor bigint;
  more bigint[];
  result bigint[];
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  LOOP
    SELECT c.merged_into INTO survivor FROM customer c
      WHERE c.customer_id = root;
    EXIT WHEN survivor IS NULL;
    root := survivor;
  END LOOP;
  result := ARRAY[root];
  LOOP
    SELECT array_agg(c.customer_id) INTO more FROM customer c
      WHERE c.merged_into = ANY (result) AND c.customer_id <> ALL (result);
    EXIT WHEN more IS NULL;
    result := result || more;
  END LOOP;
  RETURN result;
END
$$;

COMMENT ON FUNCTION crmcost._one_party(name, bigint) IS
  'Numbers of the customers who are one party with a customer, who is among them.';

-- $1 in it are numbers of customers, $2 those of their loyalty entries: a booking of a
-- redemption names its entry, whomever it is booked on.
CREATE FUNCTION crmcost._is_of_customers(relation regclass, placement text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN relation::text ~ '[.]cost_entry$'
    THEN '(r.customer_id = ANY ($1) OR r.source = ''loyalty'' AND r.source_ref = ANY ($2))'
  WHEN placement = 'distributed'
    THEN pg_catalog.format('r.%I = ANY ($1)', crmcost._customer_column(relation))
  ELSE 'true' END;

COMMENT ON FUNCTION crmcost._is_of_customers(regclass, text) IS
  'Condition on r, a row of a table of a distributed ledger, that work on some customers needs it.';

CREATE FUNCTION crmcost._entries_of(ledger name, customers bigint[])
  RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  result text[];
BEGIN
  EXECUTE format('SELECT array_agg(e.entry_id::text) FROM %I.loyalty_entry e WHERE e.customer_id = ANY ($1)',
                 ledger)
    INTO result USING customers;
  RETURN coalesce(result, '{}');
END
$$;

COMMENT ON FUNCTION crmcost._entries_of(name, bigint[]) IS
  'Numbers of the loyalty entries of some customers, as a booking names them.';

-- Refreshes use the same copies: one after the other.  For the caller the same as after
-- _gather.
CREATE FUNCTION crmcost._gather_party(ledger name, customer_id bigint)
  RETURNS bigint[]
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  customers bigint[];
  entries text[];
  part record;
BEGIN
  IF NOT crmcost._is_distributed(ledger) THEN
    RETURN NULL;
  END IF;
  PERFORM crmcost._hold_ledger(ledger);
  PERFORM crmcost._begin_gather(ledger);
  customers := crmcost._one_party(ledger, customer_id);
  entries := crmcost._entries_of(ledger, customers);
  FOR part IN SELECT c.* FROM crmcost._copies(ledger) c LOOP
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s r WHERE %s', part.copy,
                   part.names, part.names, part.origin,
                   crmcost._is_of_customers(part.origin, part.placement))
      USING customers, entries;
  END LOOP;
  PERFORM set_config('crmcost.gather', 'on', true);
  RETURN customers;
END
$$;

COMMENT ON FUNCTION crmcost._gather_party(name, bigint) IS
  'Copies the rows of a customer, and of all who are one party with him, to the coordinator, where the statements of the caller then work; returns their numbers, NULL and nothing done for a ledger that is not distributed.';

-- Of the customers themselves nobody is deleted: others refer to them.
CREATE FUNCTION crmcost._send_party(ledger name, customers bigint[])
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  entries text[];
  part record;
  differs boolean;
BEGIN
  IF customers IS NULL THEN
    RETURN;
  END IF;
  entries := crmcost._entries_of(ledger, customers);
  FOR part IN
    SELECT c.*, crmcost._is_of_customers(c.origin, c.placement) AS wanted
    FROM crmcost._copies(ledger) c
    WHERE c.placement = 'distributed' OR c.relation = 'cost_entry'
  LOOP
    EXECUTE format('SELECT ARRAY(SELECT ROW(%1$s)::text FROM %2$s r WHERE %3$s ORDER BY 1) <> ARRAY(SELECT ROW(%1$s)::text FROM %4$s r ORDER BY 1)',
                   part.names, part.origin, part.wanted, part.copy)
      INTO differs USING customers, entries;
    CONTINUE WHEN NOT differs;
    IF part.relation = 'customer' THEN
      PERFORM crmcost._update_customers(part.origin, part.copy);
    ELSE
      EXECUTE format('DELETE FROM %s r WHERE %s', part.origin, part.wanted)
        USING customers, entries;
      EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s', part.origin,
                     part.names, part.names, part.copy);
    END IF;
  END LOOP;
  PERFORM crmcost._leave_gather(ledger);
END
$$;

COMMENT ON FUNCTION crmcost._send_party(name, bigint[]) IS
  'Writes what was changed in the copies of the rows of some customers to the cluster; nothing for NULL.';

CREATE FUNCTION crmcost._update_customers(origin regclass, copy regclass)
  RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE (SELECT format('UPDATE %s r SET %s FROM (SELECT * FROM %s OFFSET 0) n WHERE r.customer_id = n.customer_id',
                         origin, string_agg(format('%1$I = n.%1$I', a.attname), ', '
                                            ORDER BY a.attnum), copy)
           FROM pg_attribute a
           WHERE a.attrelid = copy AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.attgenerated = '' AND a.attname <> 'customer_id');
END
$$;

COMMENT ON FUNCTION crmcost._update_customers(regclass, regclass) IS
  'Writes the rows of the copy of customer to the distributed table.';
