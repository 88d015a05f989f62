-- Computed by refresh for its as_of; nothing else writes it.  Earlier days stay.
--
-- Parameters are plain columns, not the models' composite types: DROP EXTENSION
-- spares them, and any dashboard reads them.  The constructor of the same name
-- makes the model again: crmcost.bgnbd(r, alpha, a, b).
CREATE TABLE clv_model (
  as_of date NOT NULL,
  model text NOT NULL
    CONSTRAINT model_is_known
      CHECK (model IN ('bgnbd', 'mbgnbd', 'pareto_nbd', 'gamma_gamma',
                       'closed_form')),
  status text NOT NULL
    CONSTRAINT status_is_known
      CHECK (status IN ('fitted', 'given', 'assumed', 'not_fitted')),
  used boolean NOT NULL
    CONSTRAINT used_where_there_is_something_to_use
      CHECK (NOT used OR status <> 'not_fitted'),
  message text,
  first_order_on date,
  last_order_on date,
  customers bigint,
  log_likelihood double precision,
  r double precision,
  r_std_error double precision,
  alpha double precision,
  alpha_std_error double precision,
  a double precision,
  a_std_error double precision,
  b double precision,
  b_std_error double precision,
  s double precision,
  s_std_error double precision,
  beta double precision,
  beta_std_error double precision,
  p double precision,
  p_std_error double precision,
  q double precision,
  q_std_error double precision,
  v double precision,
  v_std_error double precision,
  retention_rate numeric
    CONSTRAINT retention_rate_from_0_to_1
      CHECK (retention_rate >= 0 AND retention_rate <= 1),
  horizon_months integer NOT NULL,
  discount_rate numeric NOT NULL,
  PRIMARY KEY (as_of, model)
);

COMMENT ON TABLE clv_model IS
'Models of lifetime value as refresh fitted them, one row a refreshed day and model: of purchases, of spend (gamma_gamma), and the rates of the closed form.';
COMMENT ON COLUMN clv_model.as_of IS
'Day of the refresh, in the ledger''s time zone.';
COMMENT ON COLUMN clv_model.model IS
'bgnbd, mbgnbd or pareto_nbd (purchases, time in weeks), gamma_gamma (spend, in base currency), closed_form.';
COMMENT ON COLUMN clv_model.status IS
'fitted to the orders, given by a setting, assumed for want of two years of orders (closed_form), or not_fitted.';
COMMENT ON COLUMN clv_model.used IS
'Whether the predictions of the day come from it: those of purchases from the model of purchases, values from it and gamma_gamma together, or from closed_form in their place.';
COMMENT ON COLUMN clv_model.message IS
'Why it could not be fitted, or what it is used in place of; NULL otherwise.';
COMMENT ON COLUMN clv_model.first_order_on IS
'First day with an order in the data; NULL without any.';
COMMENT ON COLUMN clv_model.last_order_on IS
'Last day with an order in the data, at most as_of; NULL without any.';
COMMENT ON COLUMN clv_model.customers IS
'Customers it was fitted to: all with an order; for gamma_gamma those who came again and spent something; for closed_form those with an order in the year before the last, all with an order where the rate is assumed. NULL when not fitted.';
COMMENT ON COLUMN clv_model.log_likelihood IS
'Natural logarithm of the likelihood; NULL for closed_form and when not fitted.';
COMMENT ON COLUMN clv_model.r IS
'Shape of the purchase rate over customers; NULL for models without it.';
COMMENT ON COLUMN clv_model.r_std_error IS
'Standard error of r.';
COMMENT ON COLUMN clv_model.alpha IS
'Rate parameter of the purchase rate, in weeks; NULL for models without it.';
COMMENT ON COLUMN clv_model.alpha_std_error IS
'Standard error of alpha.';
COMMENT ON COLUMN clv_model.a IS
'First parameter of the dropout probability over customers; NULL for models without it.';
COMMENT ON COLUMN clv_model.a_std_error IS
'Standard error of a.';
COMMENT ON COLUMN clv_model.b IS
'Second parameter of the dropout probability over customers; NULL for models without it.';
COMMENT ON COLUMN clv_model.b_std_error IS
'Standard error of b.';
COMMENT ON COLUMN clv_model.s IS
'Shape of the dropout rate over customers; NULL for models without it.';
COMMENT ON COLUMN clv_model.s_std_error IS
'Standard error of s.';
COMMENT ON COLUMN clv_model.beta IS
'Rate parameter of the dropout rate, in weeks; NULL for models without it.';
COMMENT ON COLUMN clv_model.beta_std_error IS
'Standard error of beta.';
COMMENT ON COLUMN clv_model.p IS
'Shape of the spend of a purchase; NULL for models without it.';
COMMENT ON COLUMN clv_model.p_std_error IS
'Standard error of p.';
COMMENT ON COLUMN clv_model.q IS
'Shape of the scale of spend over customers; NULL for models without it.';
COMMENT ON COLUMN clv_model.q_std_error IS
'Standard error of q.';
COMMENT ON COLUMN clv_model.v IS
'Rate parameter of the scale of spend, in base currency; NULL for models without it.';
COMMENT ON COLUMN clv_model.v_std_error IS
'Standard error of v.';
COMMENT ON COLUMN clv_model.retention_rate IS
'Share of customers that stays from one year to the next, 0..1, for closed_form: observed, given, or assumed to be the share who came again; NULL when it is not known.';
COMMENT ON COLUMN clv_model.horizon_months IS
'Months looked ahead in the predictions of the day.';
COMMENT ON COLUMN clv_model.discount_rate IS
'Yearly discount rate of the predictions of the day.';
