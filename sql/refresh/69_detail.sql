-- Step detail: who handled the contacts of the customers with news, and which
-- discounts they were given.
CREATE FUNCTION crmcost._customers_detail(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  scope CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'old.customer_id IN (SELECT c.customer_id FROM pg_temp.refresh_customer c)'
    END;
  -- of orders that were read
  lines CONSTANT text := CASE WHEN run.whole THEN 'true'
    ELSE 'EXISTS (SELECT FROM pg_temp.refresh_customer c WHERE c.customer_id = old.customer_id AND c.lines_from <= old.sold_on)'
    END;
  changed bigint;
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  PERFORM crmcost._find_members(run);
  PERFORM crmcost._note_details(run, -1);
  changed := crmcost._write_difference(run.ledger, 'customer_agent',
                                       crmcost._agent_query(), scope)
             + crmcost._write_difference(run.ledger, 'discount_line',
                                         crmcost._discount_line_query(), lines);
  PERFORM crmcost._note_details(run, 1);
  RETURN changed;
END
$$;

COMMENT ON FUNCTION crmcost._customers_detail(crmcost._run) IS
  'Writes customer_agent and discount_line, and notes the sums by tier; returns the rows changed.';

CREATE FUNCTION crmcost._groups_detail(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_tier_details(run);
END
$$;

COMMENT ON FUNCTION crmcost._groups_detail(crmcost._run) IS
  'Writes tier_agent, tier_contact, tier_breach and agent_score; returns the rows changed.';

CREATE FUNCTION crmcost._refresh_detail(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
AS $$
BEGIN
  RETURN crmcost._customers_detail(run) + crmcost._groups_detail(run);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_detail(crmcost._run) IS
  'Step of refresh: customer_agent, discount_line, tier_agent, tier_contact, tier_breach and agent_score; returns the rows changed.';

CREATE FUNCTION crmcost._agent_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT customer_id, agent_code, sum(interactions)::bigint AS interactions,
         sum(automated)::bigint AS automated,
         sum(handle_seconds)::bigint AS handle_seconds,
         sum(answers)::bigint AS answers, sum(score) AS score
  FROM (
    SELECT c.customer_id, coalesce(c.agent_code, '(unknown)') AS agent_code,
           c.contacts AS interactions, c.automated, c.handle_seconds,
           0 AS answers, 0 AS score
    FROM pg_temp.refresh_contact_agent c
    JOIN pg_temp.refresh_customer USING (customer_id)
    UNION ALL
    SELECT a.customer_id, coalesce(a.agent_code, '(unknown)'), 0, 0, 0, a.n,
           a.score * a.n
    FROM pg_temp.refresh_reply a
    JOIN pg_temp.refresh_customer USING (customer_id)
    WHERE a.is_csat
  ) part
  GROUP BY customer_id, agent_code
  HAVING sum(interactions) > 0 OR sum(handle_seconds) > 0 OR sum(answers) > 0
$query$;

COMMENT ON FUNCTION crmcost._agent_query() IS
  'Query of customer_agent for the customers with news.';

-- A correction has the rate of what it takes back.  Of the lines of an order
-- with a product and a rate those are left that what is left of their price
-- needs.
CREATE FUNCTION crmcost._discount_line_query() RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $query$
  SELECT customer_id, min(sale_id) FILTER (WHERE is_purchase) AS sale_id,
         max(sold_on) FILTER (WHERE is_purchase) AS sold_on,
         coalesce(product_code, '(unknown)') AS product_code, discount_rate,
         least(ceil(count(*) FILTER (WHERE is_purchase)
                    * crmcost._sum_few(price)
                    / crmcost._sum_few(price) FILTER (WHERE is_purchase)),
               count(*) FILTER (WHERE is_purchase))::bigint AS sale_lines,
         crmcost._sum_few(price) AS price,
         crmcost._sum_few(discount) AS discount
  FROM (
    SELECT l.customer_id, l.source, l.order_ref, l.own_id, l.product_code,
           l.sale_id, l.sold_on, l.is_purchase,
           l.base_amount + l.base_discount AS price,
           l.base_discount AS discount,
           round(l.base_discount / (l.base_amount + l.base_discount), 6)
             AS discount_rate
    FROM pg_temp.refresh_line l
    -- not what completes the months of others
    JOIN pg_temp.refresh_customer c
      ON c.customer_id = l.customer_id AND c.lines_from <= l.sold_on
    WHERE NOT l.is_refund AND l.base_discount <> 0
          AND l.base_amount + l.base_discount <> 0
  ) line
  WHERE discount_rate > 0
  GROUP BY customer_id, source, order_ref, own_id, product_code, discount_rate
  HAVING crmcost._sum_few(price) > 0
         AND crmcost._sum_few(price) FILTER (WHERE is_purchase) > 0
$query$;

COMMENT ON FUNCTION crmcost._discount_line_query() IS
  'Query of discount_line for the customers with news.';
