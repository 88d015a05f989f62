-- Lines and orders of a distributed ledger, computed where the facts are.  Schema
-- LEDGER_spread has the work tables of these steps, beside the customers: a statement that
-- reads and writes them runs on the workers, shard by shard.
--
-- No temporary table and no table of the coordinator can take part.  So late facts and
-- mergers are copied to every node first; there are few.

-- The tables are logged and have an identity of rows, or no shard beside them could be
-- moved.
CREATE FUNCTION crmcost._make_spread(ledger name) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  spread CONSTANT name := ledger || '_spread';
  part record;
BEGIN
  EXECUTE format($query$
    CREATE SCHEMA %1$I;
    COMMENT ON SCHEMA %1$I IS
      'Where the workers compute what a distributed ledger is refreshed by, made by crmcost.distribute.';
    CREATE TABLE %1$I.late_fact (LIKE %2$I.late_fact);
    CREATE TABLE %1$I.party (
      customer_id bigint NOT NULL, party_id bigint NOT NULL
    );
    CREATE TABLE %1$I.line (
      customer_id bigint NOT NULL, month_start date, sold_on date,
      sold_at timestamptz, sale_id bigint, source text, order_ref text,
      own_id bigint, is_refund boolean, is_purchase boolean,
      product_code text, channel_code text, campaign_code text,
      currency text, amount numeric, quantity numeric, base_amount numeric,
      base_margin numeric, base_discount numeric, base_cogs numeric
    );
    CREATE TABLE %1$I.placed (
      customer_id bigint NOT NULL, source text, order_ref text,
      own_id bigint, ordered_at timestamptz, last_at timestamptz,
      counted date, last_month date, sale_lines integer,
      uncorrected boolean, unrated boolean, sold numeric, revenue numeric,
      margin numeric, discount numeric, refund numeric, channel_code text,
      campaign_code text, mixed boolean, product_codes text[],
      quantities numeric[], amounts numeric[]
    );
    CREATE TABLE %1$I.customer_order (LIKE %2$I.customer_order INCLUDING DEFAULTS INCLUDING GENERATED);
    CREATE TABLE %1$I.customer_product (LIKE %2$I.customer_product INCLUDING DEFAULTS INCLUDING GENERATED);
  $query$, spread, ledger);
  FOR part IN
    SELECT c.oid::regclass AS relation, c.relname IN ('late_fact', 'party')
             AS is_copied
    FROM pg_class c
    WHERE c.relnamespace = format('%I', spread)::regnamespace
          AND c.relkind = 'r'
    ORDER BY c.oid
  LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', part.relation);
    EXECUTE format('COMMENT ON TABLE %s IS ''Work table of a refresh; empty otherwise.''',
                   part.relation);
    IF part.is_copied THEN
      EXECUTE 'SELECT create_reference_table($1)' USING part.relation;
    ELSE
      EXECUTE 'SELECT create_distributed_table($1, ''customer_id'', colocate_with => $2)'
        USING part.relation, format('%I.customer', ledger);
    END IF;
  END LOOP;
END
$$;

COMMENT ON FUNCTION crmcost._make_spread(name) IS
  'Makes the schema in which the workers compute for a distributed ledger.';

-- Whose facts count for another customer is on another shard: these lines travel, from
-- worker to worker.
CREATE FUNCTION crmcost._spread_lines(run crmcost._run) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
BEGIN
  PERFORM crmcost._empty_tables(run.ledger, '_spread');
  EXECUTE format('INSERT INTO %I.late_fact SELECT f.* FROM %I.late_fact f WHERE f.relation IN (''sale'', ''order'')',
                 spread, run.ledger);
  EXECUTE format('INSERT INTO %I.party SELECT p.customer_id, p.party_id FROM pg_temp.refresh_party p',
                 spread);
  EXECUTE format('INSERT INTO %I.line ', spread)
          || crmcost._line_query(run, 's.customer_id', 'p.party_id IS NULL');
  IF EXISTS (SELECT FROM pg_temp.refresh_party) THEN
    EXECUTE format('INSERT INTO %I.line ', spread)
            || crmcost._line_query(run, 'p.party_id', 'p.party_id IS NOT NULL');
  END IF;
  EXECUTE format('INSERT INTO pg_temp.refresh_line SELECT l.* FROM %I.line l',
                 spread);
END
$$;

COMMENT ON FUNCTION crmcost._spread_lines(crmcost._run) IS
  'Computes the sale lines of a distributed ledger on the workers, and fills refresh_line.';

-- As view sale_base and _add_lines have them: Citus takes no LATERAL of expressions,
-- of which that view is made.
CREATE FUNCTION crmcost._line_query(run crmcost._run, customer text,
                                    condition text)
  RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN pg_catalog.format($query$
  SELECT %3$s AS customer_id,
         CASE
           WHEN s.booked_month >= %5$L::date OR f.fact_id IS NULL
             THEN s.booked_month
           ELSE coalesce(f.month_start, %5$L::date)
         END AS month_start,
         s.sold_on, s.sold_at, s.sale_id, s.source,
         coalesce(s.order_ref, '') AS order_ref,
         CASE WHEN s.order_ref IS NULL THEN s.sale_id ELSE 0 END AS own_id,
         s.kind = 'refund' AS is_refund,
         s.kind = 'sale' AND s.amount >= 0 AS is_purchase, s.product_code,
         coalesce(s.channel_code, k.channel_code, '(unknown)')
           AS channel_code,
         coalesce(s.campaign_code, '(unknown)') AS campaign_code,
         s.currency, s.amount,
         CASE WHEN s.rate IS NOT NULL THEN s.quantity END AS quantity,
         CASE s.rate WHEN 1 THEN s.amount
           ELSE round(s.amount * s.rate, 4) END AS base_amount,
         CASE s.rate WHEN 1 THEN s.amount - coalesce(s.cogs, 0)
           ELSE round(s.amount * s.rate, 4)
                - round(coalesce(s.cogs, 0) * s.rate, 4) END AS base_margin,
         CASE s.rate WHEN 1 THEN s.discount
           ELSE round(s.discount * s.rate, 4) END AS base_discount,
         CASE s.rate WHEN 1 THEN s.cogs
           ELSE round(s.cogs * s.rate, 4) END AS base_cogs
  FROM (
    SELECT b.customer_id, b.sale_id, b.sold_at, b.source, b.order_ref, b.kind,
           b.product_code, b.quantity, b.amount, b.discount, b.cogs,
           b.currency, b.channel_code, b.campaign_code, b.sold_on,
           date_trunc('month', b.sold_on::timestamp)::date AS booked_month,
           CASE
             WHEN b.fx IS NOT NULL THEN b.fx
             WHEN b.currency = %6$L THEN 1
             ELSE (SELECT r.to_base FROM %1$I.fx_rate r
                   WHERE r.currency = b.currency AND r.valid_from <= b.sold_on
                   ORDER BY r.valid_from DESC LIMIT 1)
           END AS rate
    FROM (SELECT a.customer_id, a.sale_id, a.sold_at, a.source, a.order_ref,
                 a.kind, a.product_code, a.quantity, a.amount, a.discount,
                 a.cogs, a.currency, a.fx, a.channel_code, a.campaign_code,
                 (a.sold_at AT TIME ZONE %7$L)::date AS sold_on
          FROM %1$I.sale a
          WHERE a.sold_at < %8$L) b
  ) s
  LEFT JOIN %1$I.campaign k ON k.code = s.campaign_code
  LEFT JOIN %2$I.party p ON p.customer_id = s.customer_id
  LEFT JOIN %2$I.late_fact f
    ON f.relation = 'sale' AND f.fact_id = s.sale_id
       AND f.booked_on = s.sold_on
  WHERE %4$s
$query$, run.ledger, run.ledger || '_spread', customer, condition,
  coalesce(crmcost._open_month(run.ledger), '-infinity'),
  crmcost._setting(run.ledger, 'base_currency'), run.zone, run.upto);

COMMENT ON FUNCTION crmcost._line_query(crmcost._run, text, text) IS
  'Query of the sale lines of a distributed ledger before an instant, given whose they are and a condition on s, a line, and p, a merger.';

CREATE FUNCTION crmcost._spread_orders(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  spread CONSTANT name := run.ledger || '_spread';
  lines CONSTANT text := format('%I.line', spread);
  placed CONSTANT text := format('%I.placed', spread);
  changed bigint;
BEGIN
  EXECUTE format('INSERT INTO %s ', placed)
          || crmcost._placed_query(run, lines, format('%I.late_fact', spread));
  changed := crmcost._write_spread(run.ledger, 'customer_order',
                 crmcost._order_query(run, lines, placed))
             + crmcost._write_spread(run.ledger, 'customer_product',
                 crmcost._bought_query(format('%I.customer_order o', spread)));
  INSERT INTO pg_temp.refresh_order
    SELECT o.customer_id, o.source, o.order_ref, o.sale_id, o.is_order,
           o.ordered_at, o.ordered_on, o.month_start, o.sale_lines, o.revenue,
           o.margin, o.discount, o.refund, o.channel_code, o.campaign_code,
           o.product_codes, o.quantities, o.amounts
    FROM customer_order o;
  ANALYZE pg_temp.refresh_order;
  PERFORM crmcost._empty_tables(run.ledger, '_spread');
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._spread_orders(crmcost._run) IS
  'Computes customer_order and customer_product of a distributed ledger on the workers, and fills refresh_order; returns the rows changed.';

-- As _write_difference, of the whole table: the workers compare, the coordinator reads
-- what is there afterwards.
CREATE FUNCTION crmcost._write_spread(ledger name, target name, source text)
  RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
DECLARE
  statements CONSTANT text[] := crmcost._spread_statements(ledger, target,
                                                           source);
  statement text;
  rows_now bigint;
  changed bigint := 0;
BEGIN
  EXECUTE statements[1];
  FOREACH statement IN ARRAY statements[2:] LOOP
    EXECUTE statement;
    GET DIAGNOSTICS rows_now = ROW_COUNT;
    changed := changed + rows_now;
  END LOOP;
  PERFORM crmcost._gather_table(c.origin, c.copy, c.names)
    FROM crmcost._copies(ledger) c WHERE c.relation = target;
  INSERT INTO pg_temp.refresh_written VALUES (target, changed);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._write_spread(name, name, text) IS
  'Brings a distributed table to the rows of a query that the workers can answer, and copies it to the coordinator; returns the rows changed.';

-- The first fills the work table, the others write what differs.
CREATE FUNCTION crmcost._spread_statements(ledger name, target name, source text)
  RETURNS text[]
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE
AS $$
DECLARE
  part record;
BEGIN
  SELECT * INTO part FROM crmcost._difference_parts(ledger, target, source);
  RETURN ARRAY(
    SELECT format(u.statement, ledger, target, ledger || '_spread', part.names,
                  part.same_key, part.assignments, part.differs,
                  part.new_names, part.first_key, source)
    FROM unnest(ARRAY[
      'INSERT INTO %3$I.%2$I (%4$s) SELECT %8$s FROM (%10$s) new',
      'DELETE FROM %1$I.%2$I old WHERE NOT EXISTS (SELECT FROM %3$I.%2$I new WHERE %5$s)',
      'UPDATE %1$I.%2$I old SET %6$s FROM %3$I.%2$I new WHERE %5$s AND (%7$s)',
      'INSERT INTO %1$I.%2$I (%4$s) SELECT %8$s FROM %3$I.%2$I new LEFT JOIN %1$I.%2$I old ON %5$s WHERE old.%9$I IS NULL'])
      WITH ORDINALITY AS u (statement, i)
    ORDER BY u.i);
END
$$;

COMMENT ON FUNCTION crmcost._spread_statements(name, name, text) IS
  'Statements that bring a distributed table to the rows of a query, all of them for the workers.';
