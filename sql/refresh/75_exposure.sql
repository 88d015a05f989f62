-- Step exposure: impressions, clicks, follows, claims and redeemed coupons of the
-- months with news, by month, channel and campaign; and contacts whose channel their
-- tags say, or not.
CREATE FUNCTION crmcost._refresh_exposure(run crmcost._run) RETURNS bigint
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  months CONSTANT text := crmcost._months_of_news(run);
BEGIN
  PERFORM set_config('search_path', crmcost._ledger_path(run.ledger), true);
  RETURN crmcost._write_difference(run.ledger, 'exposure_month',
    format($query$
      SELECT old.month_start, old.channel_code, old.campaign_code,
             coalesce(sum(old.n) FILTER (WHERE old.subtype = 'impression'), 0)
               ::bigint AS impressions,
             coalesce(sum(old.n) FILTER (WHERE old.subtype = 'click'), 0)
               ::bigint AS clicks,
             coalesce(sum(old.n) FILTER (WHERE old.subtype = 'follow'), 0)
               ::bigint AS follows,
             coalesce(sum(old.n) FILTER (WHERE old.subtype = 'claim'), 0)
               ::bigint AS claims,
             coalesce(sum(old.n) FILTER (WHERE old.subtype IN
               ('redeemed', 'coupon_redemption')), 0)::bigint AS redemptions
      FROM pg_temp.refresh_contact old
      WHERE old.kind IN ('touch', 'behavior')
            AND old.subtype IN ('impression', 'click', 'follow', 'claim',
                                'redeemed', 'coupon_redemption')
            AND %s
      GROUP BY old.month_start, old.channel_code, old.campaign_code
    $query$, months), months)
    + crmcost._write_difference(run.ledger, 'tag_month',
    format($query$
      SELECT old.month_start, coalesce(old.tags ->> 'utm_source', '') AS source,
             coalesce(old.tags ->> 'utm_medium', '') AS medium,
             coalesce(old.tags ->> 'utm_campaign', '') AS campaign,
             old.channel_code,
             sum(old.n)::bigint AS interactions
      FROM pg_temp.refresh_contact old
      WHERE old.tags ?| '{utm_source,utm_medium,utm_campaign}'::text[]
            AND %s
      GROUP BY 1, 2, 3, 4, 5
    $query$, months), months);
END
$$;

COMMENT ON FUNCTION crmcost._refresh_exposure(crmcost._run) IS
  'Step of refresh: exposure_month and tag_month; returns the rows changed.';

-- Months whose facts refresh_contact has of all customers.
CREATE FUNCTION crmcost._months_of_news(run crmcost._run) RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN run.whole
         THEN pg_catalog.format('old.month_start >= %L', run.open_month)
         ELSE 'old.month_start = ANY (ARRAY(SELECT r.month_start FROM pg_temp.refresh_month r))'
       END;

COMMENT ON FUNCTION crmcost._months_of_news(crmcost._run) IS
  'Condition on old that a row is of an open month that is summed up anew.';
