-- Classes of customers: several schemes side by side, each with its tiers, what
-- puts a customer into one, and what the customer may expect there.
CREATE TABLE tier (
  scheme text NOT NULL
    CONSTRAINT scheme_not_empty CHECK (scheme <> '')
    -- these are dimensions of classification that are no tier scheme
    CONSTRAINT scheme_not_reserved
      CHECK (scheme NOT IN ('stage', 'owner', 'invalid'))
    -- and these what reports by a scheme have besides, such as (all)
    CONSTRAINT scheme_not_of_reports CHECK (scheme NOT LIKE '(%'),
  code text NOT NULL CONSTRAINT code_not_empty CHECK (code <> '')
    -- what classification says of who has left the scheme
    CONSTRAINT code_not_reserved CHECK (code <> 'none')
    CONSTRAINT code_not_of_reports
      CHECK (code NOT IN ('(unknown)', '(all)', '(none)')),
  rank smallint NOT NULL CONSTRAINT rank_from_1 CHECK (rank >= 1),
  basis text NOT NULL CONSTRAINT basis_is_known
    CHECK (basis IN ('cum_share', 'min_value', 'rfm', 'manual')),
  bound numeric(20,4),
  r int4range,
  f int4range,
  m int4range,
  service_level text CONSTRAINT service_level_is_known
    CHECK (service_level IN ('vip', 'standard', 'basic')),
  account_manager boolean NOT NULL DEFAULT false,
  discount_rate numeric(5,4) CONSTRAINT discount_rate_from_0_to_1
    CHECK (discount_rate >= 0 AND discount_rate <= 1),
  contact_every interval CONSTRAINT contact_every_is_positive
    CHECK (contact_every > interval '0'),
  resource_weight numeric(12,4) CONSTRAINT resource_weight_not_negative
    CHECK (resource_weight >= 0 AND resource_weight <> 'NaN'),
  action text,
  name text NOT NULL,
  name_zh text,
  action_zh text,
  PRIMARY KEY (scheme, code),
  CONSTRAINT one_tier_a_rank UNIQUE (scheme, rank),
  CONSTRAINT bound_suits_basis
    CHECK (CASE basis
             WHEN 'cum_share' THEN bound IS NOT NULL AND bound > 0 AND bound <= 1
             WHEN 'min_value' THEN bound IS NOT NULL AND bound <> 'NaN'
             ELSE bound IS NULL
           END),
  CONSTRAINT ranges_suit_basis
    CHECK (CASE basis
             WHEN 'rfm' THEN num_nulls(r, f, m) = 0
                             AND NOT (isempty(r) OR isempty(f) OR isempty(m))
             ELSE num_nonnulls(r, f, m) = 0
           END)
);

COMMENT ON TABLE tier IS
'Tiers, one row a tier of a scheme; every customer with an order has one tier in each scheme, but technical ones (source anon).';
COMMENT ON COLUMN tier.scheme IS
'Scheme that the tier belongs to, such as abc or loyalty; it is a dimension of classification.';
COMMENT ON COLUMN tier.code IS
'Code of the tier within its scheme.';
COMMENT ON COLUMN tier.rank IS
'Place within the scheme, 1 the best.';
COMMENT ON COLUMN tier.basis IS
'What decides: cum_share (ABC), min_value (net revenue), rfm (scores) or manual (refresh leaves it alone).';
COMMENT ON COLUMN tier.bound IS
'For cum_share the share 0..1 up to which the tier reaches, for min_value the least net revenue in base currency; else NULL.';
COMMENT ON COLUMN tier.r IS
'For basis rfm the recency scores that match; else NULL.';
COMMENT ON COLUMN tier.f IS
'For basis rfm the frequency scores that match; else NULL.';
COMMENT ON COLUMN tier.m IS
'For basis rfm the monetary scores that match; else NULL.';
COMMENT ON COLUMN tier.service_level IS
'Service promised: vip, standard or basic; NULL where the scheme says nothing about it.';
COMMENT ON COLUMN tier.account_manager IS
'Whether each customer of the tier is to have an owner.';
COMMENT ON COLUMN tier.discount_rate IS
'Greatest discount allowed, 0..1 of the price; NULL for no rule.';
COMMENT ON COLUMN tier.contact_every IS
'Longest time between two contacts; NULL for no rule.';
COMMENT ON COLUMN tier.resource_weight IS
'Weight of the tier when a budget is split by tier, and of each customer in it under the driver tier_weight; NULL for none.';
COMMENT ON COLUMN tier.action IS
'What to do for customers of this tier; NULL for nothing special.';
COMMENT ON COLUMN tier.name IS
'English name.';
COMMENT ON COLUMN tier.name_zh IS
'Chinese name; NULL where there is none.';
COMMENT ON COLUMN tier.action_zh IS
'What to do, in Chinese; NULL where that is not written.';
