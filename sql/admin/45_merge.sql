-- Two rows turn out to be one party: the facts of one count for the other, in every
-- month that is open, from the next refresh on.
CREATE FUNCTION crmcost.merge_customer(ledger name, customer_id bigint,
                                       into_customer bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  done boolean;
  stays bigint := into_customer;
  next_one bigint;
BEGIN
  done := crmcost._run_as_owner(
            ledger, NULL, 'crmcost.merge_customer(name,bigint,bigint)', ledger,
            merge_customer.customer_id, into_customer);
  IF done IS NOT NULL THEN
    RETURN done;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  -- one merger after the other, so that no two make a circle
  PERFORM pg_advisory_xact_lock(hashtextextended('crmcost.merge ' || ledger, 0));
  PERFORM crmcost._check_customer(ledger, 'customer_id',
                                  merge_customer.customer_id);
  PERFORM crmcost._check_customer(ledger, 'into_customer', into_customer);
  LOOP
    IF stays = merge_customer.customer_id THEN
      RAISE EXCEPTION 'into_customer must be another customer, one that customer % is not in, not %',
                      merge_customer.customer_id, into_customer
        USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT c.merged_into INTO next_one FROM customer c
      WHERE c.customer_id = stays;
    EXIT WHEN next_one IS NULL;
    stays := next_one;
  END LOOP;
  UPDATE customer c SET merged_into = merge_customer.into_customer
    WHERE c.customer_id = merge_customer.customer_id
          AND c.merged_into IS DISTINCT FROM merge_customer.into_customer;
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost.merge_customer(name, bigint, bigint) IS
  'Lets the facts of a customer count for another one, from the next refresh on and in every open month; false when they do so already.';

CREATE FUNCTION crmcost.unmerge_customer(ledger name, customer_id bigint)
  RETURNS boolean
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $$
#variable_conflict use_column
DECLARE
  done boolean;
BEGIN
  done := crmcost._run_as_owner(
            ledger, NULL, 'crmcost.unmerge_customer(name,bigint)', ledger,
            unmerge_customer.customer_id);
  IF done IS NOT NULL THEN
    RETURN done;
  END IF;
  PERFORM crmcost._check_version(ledger);
  PERFORM crmcost._check_owner(ledger);
  PERFORM set_config('search_path', crmcost._ledger_path(ledger), true);
  PERFORM crmcost._check_customer(ledger, 'customer_id',
                                  unmerge_customer.customer_id);
  UPDATE customer c SET merged_into = NULL
    WHERE c.customer_id = unmerge_customer.customer_id
          AND c.merged_into IS NOT NULL;
  RETURN FOUND;
END
$$;

COMMENT ON FUNCTION crmcost.unmerge_customer(name, bigint) IS
  'Takes a merger back: the facts of the customer count for itself again; false when it was in no other.';

CREATE FUNCTION crmcost._check_customer(ledger name, argument text,
                                        customer_id bigint)
  RETURNS void
  LANGUAGE plpgsql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  is_known boolean;
BEGIN
  PERFORM crmcost._ledger_path(ledger);
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.customer c WHERE c.customer_id = $1)',
                 ledger) INTO is_known USING _check_customer.customer_id;
  IF NOT is_known THEN
    RAISE EXCEPTION '% must be a customer of ledger "%", not %', argument,
                    ledger, coalesce(_check_customer.customer_id::text, 'null')
      USING ERRCODE = 'no_data_found';
  END IF;
END
$$;

COMMENT ON FUNCTION crmcost._check_customer(name, text, bigint) IS
  'Raises an error unless a ledger has the customer that an argument names.';
