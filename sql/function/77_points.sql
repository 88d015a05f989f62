-- Loyalty points: what is left of them, and when it expires.

CREATE TYPE crmcost.points_balance AS (
  balance numeric,
  redeemed numeric,
  expired numeric,
  next_expiry_at timestamptz,
  next_expiry_points numeric,
  pending numeric,
  owed numeric
);
COMMENT ON TYPE crmcost.points_balance IS
  'What became of a customer''s points; made by points_balance.';
COMMENT ON COLUMN crmcost.points_balance.balance IS
  'Points that can be spent at as_of.';
COMMENT ON COLUMN crmcost.points_balance.redeemed IS
  'Points spent.';
COMMENT ON COLUMN crmcost.points_balance.expired IS
  'Points that expired unspent.';
COMMENT ON COLUMN crmcost.points_balance.next_expiry_at IS
  'When points expire next, pending ones included; NULL where none does.';
COMMENT ON COLUMN crmcost.points_balance.next_expiry_points IS
  'Points that expire then; NULL where none does.';
COMMENT ON COLUMN crmcost.points_balance.pending IS
  'Points that are earned and not yet available.';
COMMENT ON COLUMN crmcost.points_balance.owed IS
  'Points that were spent before their lot was reversed.';

CREATE TYPE crmcost.points_expiry AS (
  expires_at timestamptz,
  points numeric
);
COMMENT ON TYPE crmcost.points_expiry IS
  'Points that expire at an instant; made by points_expiry.';
COMMENT ON COLUMN crmcost.points_expiry.expires_at IS
  'When they expire.';
COMMENT ON COLUMN crmcost.points_expiry.points IS
  'Points that expire then if none is spent, pending ones included.';

CREATE TYPE crmcost.points_entries;

CREATE FUNCTION crmcost.points_entries_in(
  text cstring
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_entries_in';
COMMENT ON FUNCTION crmcost.points_entries_in(cstring) IS
  'Input function of type points_entries: (version,burn[,lots],as_of,{points,booked_at,expires_at or -[,available_at or -[,"lot"]]},...).';

CREATE FUNCTION crmcost.points_entries_out(
  entries crmcost.points_entries
) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_entries_out';
COMMENT ON FUNCTION crmcost.points_entries_out(crmcost.points_entries) IS
  'Output function of type points_entries, rows in order.';

CREATE FUNCTION crmcost.points_entries_recv(
  buffer internal
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_entries_recv';
COMMENT ON FUNCTION crmcost.points_entries_recv(internal) IS
  'Binary input function of type points_entries.';

CREATE FUNCTION crmcost.points_entries_send(
  entries crmcost.points_entries
) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_entries_send';
COMMENT ON FUNCTION crmcost.points_entries_send(crmcost.points_entries) IS
  'Binary output function of type points_entries.';

CREATE TYPE crmcost.points_entries (
  INPUT = crmcost.points_entries_in,
  OUTPUT = crmcost.points_entries_out,
  RECEIVE = crmcost.points_entries_recv,
  SEND = crmcost.points_entries_send,
  INTERNALLENGTH = VARIABLE,
  ALIGNMENT = double,
  STORAGE = extended
);
COMMENT ON TYPE crmcost.points_entries IS
  'State of points_balance and points_expiry: the rows, 32 bytes each, or 48 and the name of the lot.';

CREATE FUNCTION crmcost.points_balance_combine(
  state crmcost.points_entries, other crmcost.points_entries
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_balance_combine';
COMMENT ON FUNCTION crmcost.points_balance_combine(crmcost.points_entries, crmcost.points_entries) IS
  'Combine function of points_balance and points_expiry.';

CREATE FUNCTION crmcost.points_balance_trans(
  state crmcost.points_entries, points numeric, booked_at timestamptz,
  expires_at timestamptz, as_of timestamptz
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_balance_trans';
COMMENT ON FUNCTION crmcost.points_balance_trans(crmcost.points_entries, numeric, timestamptz, timestamptz, timestamptz) IS
  'Transition function of points_balance and points_expiry.';

CREATE FUNCTION crmcost.points_balance_trans(
  state crmcost.points_entries, points numeric, booked_at timestamptz,
  expires_at timestamptz, as_of timestamptz, burn text
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_balance_trans';
COMMENT ON FUNCTION crmcost.points_balance_trans(crmcost.points_entries, numeric, timestamptz, timestamptz, timestamptz, text) IS
  'Transition function of points_balance and points_expiry with an order of burning.';

CREATE FUNCTION crmcost.points_balance_trans(
  state crmcost.points_entries, points numeric, booked_at timestamptz,
  expires_at timestamptz, available_at timestamptz, lot text, as_of timestamptz
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'lots_points_balance_trans';
COMMENT ON FUNCTION crmcost.points_balance_trans(crmcost.points_entries, numeric, timestamptz, timestamptz, timestamptz, text, timestamptz) IS
  'Transition function of points_balance and points_expiry with lots.';

CREATE FUNCTION crmcost.points_balance_trans(
  state crmcost.points_entries, points numeric, booked_at timestamptz,
  expires_at timestamptz, available_at timestamptz, lot text,
  as_of timestamptz, burn text
) RETURNS crmcost.points_entries
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'lots_points_balance_trans';
COMMENT ON FUNCTION crmcost.points_balance_trans(crmcost.points_entries, numeric, timestamptz, timestamptz, timestamptz, text, timestamptz, text) IS
  'Transition function of points_balance and points_expiry with lots and an order of burning.';

CREATE FUNCTION crmcost.points_balance_final(
  state crmcost.points_entries
) RETURNS crmcost.points_balance
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_balance_final';
COMMENT ON FUNCTION crmcost.points_balance_final(crmcost.points_entries) IS
  'Final function of points_balance.';

CREATE FUNCTION crmcost.points_expiry_final(
  state crmcost.points_entries
) RETURNS crmcost.points_expiry[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points_expiry_final';
COMMENT ON FUNCTION crmcost.points_expiry_final(crmcost.points_entries) IS
  'Final function of points_expiry.';

CREATE AGGREGATE crmcost.points_balance(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  as_of timestamptz
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_balance_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_balance(numeric, timestamptz, timestamptz, timestamptz) IS
  'What is left at as_of of points earned (positive) and spent (negative) before it; those that expire first are spent first; expires_at NULL is never; more spent than lives is refused.';

CREATE AGGREGATE crmcost.points_balance(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_balance_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_balance(numeric, timestamptz, timestamptz, timestamptz, text) IS
  'What is left at as_of of points earned and spent before it; burn says what is spent first: first_expiring or first_earned.';

CREATE AGGREGATE crmcost.points_balance(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_balance_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_balance(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz) IS
  'The same with points that are pending until available_at (NULL: none) and lots by name: negative points with a lot take that lot back, and what was spent of it is owed.';

CREATE AGGREGATE crmcost.points_balance(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_balance_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_balance(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz, text) IS
  'The same with pending points and lots, and an order of burning: first_expiring or first_earned.';

CREATE AGGREGATE crmcost.points_expiry(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  as_of timestamptz
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_expiry_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_expiry(numeric, timestamptz, timestamptz, timestamptz) IS
  'When what points_balance finds left at as_of expires, in order of time; what never does is not listed.';

CREATE AGGREGATE crmcost.points_expiry(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_expiry_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_expiry(numeric, timestamptz, timestamptz, timestamptz, text) IS
  'When what is left expires, with an order of burning: first_expiring or first_earned.';

CREATE AGGREGATE crmcost.points_expiry(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_expiry_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_expiry(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz) IS
  'When what is left expires, with pending points and lots.';

CREATE AGGREGATE crmcost.points_expiry(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost.points_expiry_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost.points_expiry(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz, text) IS
  'When what is left expires, with pending points and lots, and an order of burning.';

-- For books that are as they are: nothing is refused, what could not be taken is
-- told.
CREATE TYPE crmcost._points_account AS (
  balance numeric,
  redeemed numeric,
  expired numeric,
  next_expiry_at timestamptz,
  next_expiry_points numeric,
  pending numeric,
  owed numeric,
  next_available_at timestamptz,
  overdrawn numeric,
  unmatched numeric
);
COMMENT ON TYPE crmcost._points_account IS
  'What became of points of which more may have been spent or taken back than there were; made by _points_account.';
COMMENT ON COLUMN crmcost._points_account.balance IS
  'Points that can be spent at as_of.';
COMMENT ON COLUMN crmcost._points_account.redeemed IS
  'Points spent, as far as they were there.';
COMMENT ON COLUMN crmcost._points_account.expired IS
  'Points that expired unspent.';
COMMENT ON COLUMN crmcost._points_account.next_expiry_at IS
  'When points expire next, pending ones included; NULL where none does.';
COMMENT ON COLUMN crmcost._points_account.next_expiry_points IS
  'Points that expire then; NULL where none does.';
COMMENT ON COLUMN crmcost._points_account.pending IS
  'Points that are earned and not yet available.';
COMMENT ON COLUMN crmcost._points_account.owed IS
  'Points that were spent before their lot was reversed.';
COMMENT ON COLUMN crmcost._points_account.next_available_at IS
  'When pending points become available next; NULL where none are pending.';
COMMENT ON COLUMN crmcost._points_account.overdrawn IS
  'Points spent beyond what was live.';
COMMENT ON COLUMN crmcost._points_account.unmatched IS
  'Points taken back of lots that were not earned, or beyond what was.';

CREATE FUNCTION crmcost._points_account_final(
  state crmcost.points_entries
) RETURNS crmcost._points_account
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points__points_account_final';
COMMENT ON FUNCTION crmcost._points_account_final(crmcost.points_entries) IS
  'Final function of _points_account.';

CREATE FUNCTION crmcost._points_schedule_final(
  state crmcost.points_entries
) RETURNS crmcost.points_expiry[]
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'points__points_schedule_final';
COMMENT ON FUNCTION crmcost._points_schedule_final(crmcost.points_entries) IS
  'Final function of _points_schedule.';

CREATE AGGREGATE crmcost._points_account(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost._points_account_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost._points_account(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz, text) IS
  'points_balance of books as they are: a redemption or reversal of more than there is takes what there is, and the rest is overdrawn or unmatched.';

CREATE AGGREGATE crmcost._points_schedule(
  points numeric, booked_at timestamptz, expires_at timestamptz,
  available_at timestamptz, lot text, as_of timestamptz, burn text
) (
  SFUNC = crmcost.points_balance_trans,
  STYPE = crmcost.points_entries,
  SSPACE = 1024,
  FINALFUNC = crmcost._points_schedule_final,
  COMBINEFUNC = crmcost.points_balance_combine,
  PARALLEL = SAFE
);
COMMENT ON AGGREGATE crmcost._points_schedule(numeric, timestamptz, timestamptz, timestamptz, text, timestamptz, text) IS
  'points_expiry of books as they are.';
