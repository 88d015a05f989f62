-- Investment appraisal: present values, rates of return, payback.

CREATE TYPE crmcost.cash_flows;

CREATE FUNCTION crmcost.cash_flows_in(text cstring) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cash_flows_in';
COMMENT ON FUNCTION crmcost.cash_flows_in(cstring) IS
  'Input function of type cash_flows: (version,rates,{period or day,amount},...), in order of time.';

CREATE FUNCTION crmcost.cash_flows_out(
  flows crmcost.cash_flows
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cash_flows_out';
COMMENT ON FUNCTION crmcost.cash_flows_out(crmcost.cash_flows) IS
  'Output function of type cash_flows.';

CREATE FUNCTION crmcost.cash_flows_recv(
  buffer internal
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cash_flows_recv';
COMMENT ON FUNCTION crmcost.cash_flows_recv(internal) IS
  'Binary input function of type cash_flows.';

CREATE FUNCTION crmcost.cash_flows_send(flows crmcost.cash_flows) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cash_flows_send';
COMMENT ON FUNCTION crmcost.cash_flows_send(crmcost.cash_flows) IS
  'Binary output function of type cash_flows.';

CREATE TYPE crmcost.cash_flows (
  INPUT = crmcost.cash_flows_in,
  OUTPUT = crmcost.cash_flows_out,
  RECEIVE = crmcost.cash_flows_recv,
  SEND = crmcost.cash_flows_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.cash_flows IS
  'State of npv, irr and their kin: the exact sum of the flows of each period or day.';

CREATE FUNCTION crmcost.period_flows_trans(
  state crmcost.cash_flows, amount numeric, period int
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'period_flows_trans';
COMMENT ON FUNCTION crmcost.period_flows_trans(crmcost.cash_flows, numeric, int) IS
  'Transition function of irr, irr_roots and payback.';

CREATE FUNCTION crmcost.dated_flows_trans(
  state crmcost.cash_flows, amount numeric, paid_on date
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'dated_flows_trans';
COMMENT ON FUNCTION crmcost.dated_flows_trans(crmcost.cash_flows, numeric, date) IS
  'Transition function of xirr.';

CREATE FUNCTION crmcost.rate_period_flows_trans(
  state crmcost.cash_flows, rate numeric, amount numeric, period int
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rate_period_flows_trans';
COMMENT ON FUNCTION crmcost.rate_period_flows_trans(crmcost.cash_flows, numeric, numeric, int) IS
  'Transition function of npv and discounted_payback.';

CREATE FUNCTION crmcost.rate_dated_flows_trans(
  state crmcost.cash_flows, rate numeric, amount numeric, paid_on date
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'rate_dated_flows_trans';
COMMENT ON FUNCTION crmcost.rate_dated_flows_trans(crmcost.cash_flows, numeric, numeric, date) IS
  'Transition function of xnpv.';

CREATE FUNCTION crmcost.mirr_trans(
  state crmcost.cash_flows, amount numeric, period int, finance_rate numeric,
  reinvest_rate numeric
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mirr_trans';
COMMENT ON FUNCTION crmcost.mirr_trans(crmcost.cash_flows, numeric, int, numeric, numeric) IS
  'Transition function of mirr.';

CREATE FUNCTION crmcost.cash_flows_combine(
  state crmcost.cash_flows, other crmcost.cash_flows
) RETURNS crmcost.cash_flows
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'cash_flows_combine';
COMMENT ON FUNCTION crmcost.cash_flows_combine(crmcost.cash_flows, crmcost.cash_flows) IS
  'Combine function of npv, irr and their kin.';

CREATE FUNCTION crmcost.npv_final(state crmcost.cash_flows) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'npv_final';
COMMENT ON FUNCTION crmcost.npv_final(crmcost.cash_flows) IS
  'Final function of npv.';

CREATE FUNCTION crmcost.xnpv_final(state crmcost.cash_flows) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'xnpv_final';
COMMENT ON FUNCTION crmcost.xnpv_final(crmcost.cash_flows) IS
  'Final function of xnpv.';

CREATE FUNCTION crmcost.irr_final(state crmcost.cash_flows) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'irr_final';
COMMENT ON FUNCTION crmcost.irr_final(crmcost.cash_flows) IS
  'Final function of irr.';

CREATE FUNCTION crmcost.irr_roots_final(
  state crmcost.cash_flows
) RETURNS float8[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'irr_roots_final';
COMMENT ON FUNCTION crmcost.irr_roots_final(crmcost.cash_flows) IS
  'Final function of irr_roots.';

CREATE FUNCTION crmcost.xirr_final(state crmcost.cash_flows) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'xirr_final';
COMMENT ON FUNCTION crmcost.xirr_final(crmcost.cash_flows) IS
  'Final function of xirr.';

CREATE FUNCTION crmcost.mirr_final(state crmcost.cash_flows) RETURNS float8
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'mirr_final';
COMMENT ON FUNCTION crmcost.mirr_final(crmcost.cash_flows) IS
  'Final function of mirr.';

CREATE FUNCTION crmcost.payback_final(state crmcost.cash_flows) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'payback_final';
COMMENT ON FUNCTION crmcost.payback_final(crmcost.cash_flows) IS
  'Final function of payback.';

CREATE FUNCTION crmcost.discounted_payback_final(
  state crmcost.cash_flows
) RETURNS numeric
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'discounted_payback_final';
COMMENT ON FUNCTION crmcost.discounted_payback_final(crmcost.cash_flows) IS
  'Final function of discounted_payback.';

CREATE AGGREGATE crmcost.npv(rate numeric, amount numeric, period int) (
  SFUNC = crmcost.rate_period_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.npv_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.npv(numeric, numeric, int) IS
  'Net present value: sum of amount / (1 + rate)^period, period 0 being now (a spreadsheet begins at 1); rows with a NULL amount or period are skipped.';

CREATE AGGREGATE crmcost.xnpv(rate numeric, amount numeric, paid_on date) (
  SFUNC = crmcost.rate_dated_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.xnpv_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.xnpv(numeric, numeric, date) IS
  'Net present value of dated flows, at a yearly rate, on the day of the earliest, by actual days / 365.';

CREATE AGGREGATE crmcost.irr(amount numeric, period int) (
  SFUNC = crmcost.period_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.irr_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.irr(numeric, int) IS
  'Internal rate of return a period: the smallest that is not negative, else the negative one nearest zero; NULL when the flows have no sign change or no rate at all.';

CREATE AGGREGATE crmcost.irr_roots(amount numeric, period int) (
  SFUNC = crmcost.period_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.irr_roots_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.irr_roots(numeric, int) IS
  'All internal rates of return above -1, ascending; an empty array when there is none.';

CREATE AGGREGATE crmcost.xirr(amount numeric, paid_on date) (
  SFUNC = crmcost.dated_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.xirr_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.xirr(numeric, date) IS
  'Yearly internal rate of return of dated flows, by actual days / 365; chosen as irr chooses.';

CREATE AGGREGATE crmcost.mirr(
  amount numeric, period int, finance_rate numeric, reinvest_rate numeric
) (
  SFUNC = crmcost.mirr_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.mirr_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.mirr(numeric, int, numeric, numeric) IS
  'Modified internal rate of return: costs discounted at the finance rate, returns grown at the reinvestment rate; NULL without both.';

CREATE AGGREGATE crmcost.payback(amount numeric, period int) (
  SFUNC = crmcost.period_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.payback_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.payback(numeric, int) IS
  'Periods until the running sum of flows is no longer negative, linear inside the period; NULL when never.';

CREATE AGGREGATE crmcost.discounted_payback(
  rate numeric, amount numeric, period int
) (
  SFUNC = crmcost.rate_period_flows_trans,
  STYPE = crmcost.cash_flows,
  SSPACE = 1024,
  FINALFUNC = crmcost.discounted_payback_final,
  COMBINEFUNC = crmcost.cash_flows_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.discounted_payback(numeric, numeric, int) IS
  'Periods until the running sum of discounted flows is no longer negative, linear inside the period; NULL when never.';
