-- Work tables of orders, and of what is summed up of them (20_work_table.sql).
CREATE FUNCTION crmcost._make_order_tables() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  -- order: orders and what is in them
  CREATE TEMPORARY TABLE refresh_order (
    customer_id bigint, source text, order_ref text, sale_id bigint,
    is_order boolean, ordered_at timestamptz, ordered_on date,
    month_start date, sale_lines integer, revenue numeric, margin numeric,
    discount numeric, refund numeric, channel_code text, campaign_code text,
    product_codes text[], quantities numeric[], amounts numeric[]
  ) ON COMMIT DROP;

  -- order, too: what these customers bought of each product, and what was sold to
  -- them by month
  CREATE TEMPORARY TABLE refresh_bought (
    customer_id bigint, product_code text, orders bigint, quantity numeric,
    revenue numeric, last_ordered_on date
  ) ON COMMIT DROP;
  CREATE TEMPORARY TABLE refresh_sold (
    customer_id bigint, month_start date, orders bigint, sale_lines bigint,
    revenue numeric, margin numeric, discount numeric, refund numeric
  ) ON COMMIT DROP;

  -- day: the lines by month, product and channel (set 1), and by day (set 2)
  CREATE TEMPORARY TABLE refresh_sale_sum (
    set integer, month_start date, product_code text COLLATE "C",
    channel_code text COLLATE "C", campaign_code text COLLATE "C", day date,
    sale_lines bigint, quantity numeric, revenue numeric, margin numeric,
    discount numeric, refund numeric, costed_quantity numeric,
    costed_cogs numeric
  ) ON COMMIT DROP;

  -- order, too: whose contacts were read, and from when on his touches
  CREATE TEMPORARY TABLE refresh_read (
    customer_id bigint PRIMARY KEY, touches_from timestamptz NOT NULL
  ) ON COMMIT DROP;

  -- order, too: orders that came, went or changed, as they were and as they are
  CREATE TEMPORARY TABLE refresh_order_news (
    customer_id bigint, source text COLLATE "C", order_ref text COLLATE "C",
    sale_id bigint, was_order boolean, was_on date, was_month date,
    was_codes text[], is_order boolean, ordered_on date, month_start date,
    product_codes text[], went_elsewhere boolean
  ) ON COMMIT DROP;

  -- activity: what happened with these customers in the open months
  CREATE TEMPORARY TABLE refresh_activity (
    customer_id bigint, month_start date, acquired boolean, orders bigint,
    sale_lines bigint, revenue numeric, margin numeric, discount numeric,
    refund numeric, interactions bigint, handle_seconds bigint,
    standard_minutes numeric
  ) ON COMMIT DROP;
END
$$;

COMMENT ON FUNCTION crmcost._make_order_tables() IS
  'Makes the work tables of orders, and what happened by month.';
