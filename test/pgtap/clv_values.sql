-- Lifetime value models: predictions against published values, other packages
-- and mpmath.  Sources are named row by row; those of the second table are the
-- definitions integrated by mpmath 1.4 with 40 digits, or their hypergeometric
-- forms with 150 (the long sums: term by term in quadruple precision), and what
-- is said of other packages was seen in their versions named.
\ir setup.psql
\ir properties.psql
SELECT no_plan();

CREATE TABLE value_of (call text, expected float8, source text, id int GENERATED ALWAYS AS IDENTITY);
CREATE FUNCTION pg_temp.result(call text) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
  result float8;
BEGIN
  EXECUTE 'SELECT ' || call INTO result;
  RETURN result;
END $$;
CREATE FUNCTION pg_temp.values_hold(tolerance float8) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  row record;
  result float8;
  holds boolean;
BEGIN
  FOR row IN SELECT * FROM value_of ORDER BY id LOOP
    result := pg_temp.result(row.call);
    holds := abs(result - row.expected) <= tolerance * abs(row.expected);
    RETURN NEXT ok(coalesce(holds, false), format('%s = %s (%s)', row.call, row.expected, row.source))
      || CASE WHEN holds THEN '' ELSE E'\n' || diag(format('%s is %s', row.call, result)) END;
  END LOOP;
END $$;

INSERT INTO value_of VALUES
  ($$p_alive(bgnbd(0.243, 4.414, 0.793, 2.426), 2, 30.43, 38.86)$$, 0.726578570081, 'BTYD 2.4.3 bgnbd.PAlive'),
  ($$p_alive(bgnbd(0.243, 4.414, 0.793, 2.426), 1, 1.71, 38.86)$$, 0.212100985377, 'BTYD 2.4.3 bgnbd.PAlive'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 2, 30.43, 38.86)$$, 1.22602817477, 'CLVTools 0.12.1 bgnbd_nocov_CET'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 1, 1.71, 38.86)$$, 0.20318698708, 'CLVTools 0.12.1 bgnbd_nocov_CET'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 0, 0, 38.86)$$, 0.195098052011, 'CLVTools 0.12.1 bgnbd_nocov_CET'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 2, 30.43, 38.86)$$, 0.869167559153, 'CLVTools 0.12.1 pnbd_nocov_PAlive'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 1, 1.71, 38.86)$$, 0.168002326724, 'CLVTools 0.12.1 pnbd_nocov_PAlive'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0, 0, 38.86)$$, 0.295286604617, 'CLVTools 0.12.1 pnbd_nocov_PAlive'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 2, 30.43, 38.86)$$, 1.45512319326, 'CLVTools 0.12.1 pnbd_nocov_CET'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 1, 1.71, 38.86)$$, 0.171092980554, 'CLVTools 0.12.1 pnbd_nocov_CET'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 0, 0, 38.86)$$, 0.107081468215, 'CLVTools 0.12.1 pnbd_nocov_CET'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 26, 30.86, 31)$$, 20.1170260774, 'CLVTools 0.12.1 pnbd_nocov_CET'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 2, 30.43, 38.86)$$, 6.48377356773, 'CLVTools 0.12.1 pnbd_nocov_DERT'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 1, 1.71, 38.86)$$, 0.762360293671, 'CLVTools 0.12.1 pnbd_nocov_DERT'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 0, 0, 38.86)$$, 0.477136229032, 'CLVTools 0.12.1 pnbd_nocov_DERT'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 26, 30.86, 31)$$, 86.0564936012, 'CLVTools 0.12.1 pnbd_nocov_DERT'),
  ($$p_alive(mbgnbd(0.525, 6.183, 0.891, 1.614), 2, 30.43, 38.86)$$, 0.706202265118, 'BTYDplus 1.2.0 mbgcnbd.PAlive k=1'),
  ($$expected_value(gamma_gamma(6.25, 3.74, 15.44), 2, 22.35)$$, 24.6637139108, 'BTYD 2.4.3 spend.expected.value'),
  ($$expected_value(gamma_gamma(6.25, 3.74, 15.44), 1, 11.77)$$, 18.9168520578, 'BTYD 2.4.3 spend.expected.value'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 1)$$, 0.0532678911717, 'BTYD 2.4.3 bgnbd.Expectation'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 1)$$, 0.050979843246, 'BTYD 2.4.3 pnbd.Expectation'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 0, 39)$$, 0.573786352096, 'BTYD 2.4.3 bgnbd.pmf'),
  ($$purchase_probability(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0, 39)$$, 0.593625031602, 'BTYD 2.4.3 pnbd.pmf'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 39, 2, 30.43, 38.86)$$, 1.26296062327, 'lifetimes 0.11.3 conditional_expected_number_of_purchases_up_to_time'),
  ($$clv(bgnbd(0.243, 4.414, 0.793, 2.426), gamma_gamma(6.25, 3.74, 15.44), 2, 30.43, 38.86, 22.35, 12, 0.01, 4.345)$$, 36.2892111256, 'lifetimes 0.11.3 GammaGammaFitter.customer_lifetime_value(time=12,discount_rate=0.01,freq=''W'')'),
  ($$clv(pareto_nbd(0.553, 10.578, 0.606, 11.669), gamma_gamma(6.25, 3.74, 15.44), 2, 30.43, 38.86, 22.35, 12, 0.01, 4.345)$$, 43.0899178601, 'lifetimes 0.11.3 GammaGammaFitter.customer_lifetime_value(time=12,discount_rate=0.01,freq=''W'')'),
  ($$residual_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 0.0027, 2, 30.43, 38.86)$$, 5.156379826154, 'mpmath quadrature delta*Int CET(t)exp(-delta t)dt (no package offers BG/NBD DERT: CLVTools #5)'),
  ($$survival(sbg(0.704, 1.182), 1)$$, 0.62672322375398, 'closed form S(t)=B(a,b+t)/B(a,b), mpmath; Fader-Hardie 2007 published params'),
  ($$survival(sbg(0.704, 1.182), 7)$$, 0.23905064169324, 'closed form S(t)=B(a,b+t)/B(a,b), mpmath; Fader-Hardie 2007 published params'),
  ($$retention_rate(sbg(0.704, 1.182), 8)$$, 0.92077425163178, 'closed form r_t=(b+t-1)/(a+b+t-1)'),
  ($$residual_lifetime(sbg(0.704, 1.182), 1, 0.1)$$, 2.964662146132, 'Fader-Hardie 2010 Marketing Science eq(6): customer active in period n (n-1 renewals), includes next renewal discounted at 0'),
  ($$residual_lifetime(sbg(0.704, 1.182), 5, 0.1)$$, 5.8944228598442, 'Fader-Hardie 2010 Marketing Science eq(6): customer active in period n (n-1 renewals), includes next renewal discounted at 0'),
  ($$survival(bdw(0.214253, 1.426575, 1.723565), 7)$$, 0.49063758381082, 'closed form S(t)=B(a,b+t^c)/B(a,b), mpmath; params = MLE on 7 renewals'),
  ($$survival(bdw(0.214253, 1.426575, 1.723565), 8)$$, 0.46775290158815, 'closed form S(t)=B(a,b+t^c)/B(a,b), mpmath; params = MLE on 7 renewals'),
  ($$retention_rate(sbg(1e-12, 1e-12), 1)$$, 0.5, 'closed form r_t=(b+t-1)/(a+b+t-1)'),
  ($$retention_rate(sbg(1e-17, 1e-17), 1)$$, 0.5, 'closed form r_t=(b+t-1)/(a+b+t-1)'),
  ($$retention_rate(bdw(1e-15, 1e-15, 2), 1)$$, 0.5, 'closed form b/(a+b)'),
  ($$residual_lifetime(sbg(1e10, 1e3), 2147483647, 0.01)$$, 0.21429283040034771, 'mpmath, sum of rational terms'),
  ($$residual_lifetime(sbg(1e8, 1), 2147483647, 0.0001)$$, 21.428823237674956, 'mpmath, sum of rational terms');
SELECT pg_temp.values_hold(1e-11);
TRUNCATE value_of;

-- printed in papers and manuals, as far as the rounding of what they print
-- goes; E[X(78)] of the spreadsheet is left out, whose series of 50 terms ends
-- too soon there
CREATE TABLE printed (call text, expected float8, tolerance float8, source text);
INSERT INTO printed VALUES
  ($$expected_purchases(bgnbd(0.242594, 4.413602, 0.792920, 2.425881), 0.142857)$$, 0.0078, 7e-3, 'Hardie, BG/NBD in a spreadsheet'),
  ($$expected_purchases(bgnbd(0.242594, 4.413602, 0.792920, 2.425881), 1)$$, 0.0532, 1e-3, 'Hardie, BG/NBD in a spreadsheet'),
  ($$expected_purchases(bgnbd(0.242594, 4.413602, 0.792920, 2.425881), 3)$$, 0.1506, 4e-4, 'Hardie, BG/NBD in a spreadsheet'),
  ($$expected_purchases(bgnbd(0.242594, 4.413602, 0.792920, 2.425881), 31.8571)$$, 1.0405, 4e-4, 'Hardie, BG/NBD in a spreadsheet'),
  ($$expected_purchases(bgnbd(0.242594, 4.413602, 0.792920, 2.425881), 32)$$, 1.0437, 4e-4, 'Hardie, BG/NBD in a spreadsheet'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 2, 30.43, 38.86)$$, 1.226, 4e-4, 'Fader, Hardie and Lee 2005, BG/NBD'),
  ($$expected_purchases(pareto_nbd(0.5534, 10.5802, 0.6061, 11.6562), 52, 26, 30.86, 31)$$, 25.45647, 3e-4, 'walkthrough of BTYD'),
  ($$p_alive(pareto_nbd(0.5534, 10.5802, 0.6061, 11.6562), 26, 30.86, 31)$$, 0.997874, 3e-4, 'walkthrough of BTYD'),
  ($$expected_purchases(pareto_nbd(0.5534, 10.5802, 0.6061, 11.6562), 52)$$, 1.473434, 3e-4, 'walkthrough of BTYD'),
  ($$p_alive(pareto_nbd(0.5534, 10.5802, 0.6061, 11.6562), 0, 0, 39)$$, 0.2941633, 3e-4, 'manual of BTYD, pnbd.PAlive'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 0, 0, 77.86)$$, 0.364756, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 1, 35, 77.86)$$, 2.469289, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 2, 35, 77.86)$$, 3.441784, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 4, 35, 77.86)$$, 3.716217, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 7, 35, 77.86)$$, 1.864183, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$residual_purchases(pareto_nbd(0.5629966, 12.5590370, 0.4081095, 10.5148048), 0.0027, 14, 35, 77.86)$$, 0.082579, 1e-5, 'manual of BTYD, pnbd.DERT'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 10, 2)$$, 0.000000107869, 5e-6, 'manual of BTYD, bgnbd.pmf'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 11, 30)$$, 0.0019995214, 5e-6, 'manual of BTYD, bgnbd.pmf'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 20, 30)$$, 0.0002222260, 5e-6, 'manual of BTYD, bgnbd.pmf'),
  ($$survival(sbg(0.704, 1.182), 12)$$, 0.17, 1e-3, 'Fader and Hardie 2007, Regular'),
  ($$survival(sbg(0.668, 3.806), 12)$$, 0.378, 1e-3, 'Fader and Hardie 2007, High End'),
  ($$residual_lifetime(sbg(0.668, 3.806), 8, 0.1)$$, 7.52995, 3e-4, 'Fader and Hardie 2010, High End');
SELECT ok(abs(pg_temp.result(call) / expected - 1) <= tolerance, format('%s = %s (%s)', call, expected, source)) FROM printed;
-- the first ten customers of CDNOW
SELECT is(array_agg(round(expected_value(gamma_gamma(6.249572185, 3.744224686, 15.44352128), x, m)::numeric, 2) ORDER BY n),
          '{24.65,18.91,35.17,35.17,35.17,71.46,18.91,35.17,27.28,35.17}'::numeric[], 'mean spend of ten customers (Fader and Hardie 2013, note 025)')
  FROM (VALUES (1, 2, 22.345), (2, 1, 11.77), (3, 0, NULL), (4, 0, NULL), (5, 0, NULL), (6, 7, 73.74), (7, 1, 11.77), (8, 0, NULL), (9, 2, 25.55), (10, 0, NULL)) v (n, x, m);

INSERT INTO value_of VALUES
  ($$expected_purchases(bgnbd(0.697, 139.188, 0.043, 0.935), 649.97, 0, 0, 384.15)$$, 0.83914785517447, 'a + b < 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(bgnbd(0.871, 165.111, 0.532, 0.42), 726.02, 0, 0, 64.57)$$, 1.29483894497432, 'a + b < 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(bgnbd(4.735, 0.756, 0.057, 0.054), 801.34, 0, 0, 100.38)$$, 15.8344474869187, 'a + b < 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(bgnbd(0.49, 8.203, 0.075, 0.218), 357.58, 0, 0, 113.47)$$, 1.14708534002682, 'a + b < 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 1, 2.426), 39, 2, 30.43, 38.86)$$, 1.10213678603996, 'a = 1: lifetimes 0.11.3 gives infinity'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 1, 2.426), 39, 0, 0, 38.86)$$, 0.191077012573923, 'a = 1: lifetimes 0.11.3 gives infinity'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 1, 0.5), 39, 0, 0, 38.86)$$, 0.164711001925442, 'a = 1'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.3, 0.7), 39, 0, 0, 38.86)$$, 0.192714876291005, 'a + b = 1'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 1, 1.614), 39, 2, 30.43, 38.86)$$, 1.19531332084878, 'a = 1: lifetimes 0.11.3 gives infinity'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.3, 0.4), 39, 0, 0, 38.86)$$, 0.132518809584598, 'a + b < 1'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 1, 11.669), 39, 2, 30.43, 38.86)$$, 1.18605228227934, 's = 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 1, 11.669), 39, 0, 0, 38.86)$$, 0.0478232891738702, 's = 1: lifetimes 0.11.3 gives NaN'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 5000, 38.8, 38.86)$$, 2953.80903628407, 'frequency 5000: CLVTools 0.12.1 and BTYD 2.4.3 give NaN'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 39, 5000, 38.86, 38.86)$$, 3435.84936317325, 'frequency 5000, bought today'),
  ($$p_alive(bgnbd(0.243, 4.414, 0.793, 2.426), 5000, 38.8, 38.86)$$, 0.859566429670213, 'frequency 5000: CLVTools 0.12.1 and BTYD 2.4.3 give NaN'),
  ($$p_alive(bgnbd(0.243, 4.414, 0.793, 2.426), 254, 30.86, 31)$$, 0.991572480606194, 'frequency 254'),
  ($$residual_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 0.0027, 254, 30.86, 31)$$, 680.298060245842, 'frequency 254'),
  ($$residual_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 0.0027, 0, 0, 38.86)$$, 1.01570193111807, 'frequency 0'),
  ($$residual_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 1e-06, 2, 30.43, 38.86)$$, 78.7896122625935, 'discount of nearly 0'),
  ($$residual_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 10, 2, 30.43, 38.86)$$, 0.0037617627488774, 'discount of 10'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 10000, 2, 30.43, 38.86)$$, 24.6445265547131, 'horizon 10^4'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 1000000, 2, 30.43, 38.86)$$, 87.3280400465105, 'horizon 10^6'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 1e-06, 2, 30.43, 38.86)$$, 3.76603901514128e-8, 'horizon 10^-6'),
  ($$expected_purchases(bgnbd(0.243, 4.414, 0.793, 2.426), 365, 40, 12000, 14000)$$, 0.0994377059993202, 'age of four decades in days'),
  ($$p_alive(bgnbd(0.243, 4.414, 0.793, 2.426), 40, 12000, 14000)$$, 0.0957356410589823, 'age of four decades in days'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 0, 39)$$, 0.573786352096009, 'n = 0'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 5, 39)$$, 0.017965493866579, 'small and large n'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 100, 39)$$, 5.53409053859e-9, 'n beyond reach'),
  ($$purchase_probability(bgnbd(0.243, 4.414, 0.793, 2.426), 3, 10000)$$, 0.0821151668722735, 'small and large n'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 39, 5000, 38.8, 38.86)$$, 2831.73852453617, 'frequency 5000'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 39, 5000, 38.86, 38.86)$$, 3227.06355172858, 'frequency 5000, bought today'),
  ($$p_alive(mbgnbd(0.525, 6.183, 0.891, 1.614), 5000, 38.8, 38.86)$$, 0.87734068946379, 'frequency 5000'),
  ($$p_alive(mbgnbd(0.525, 6.183, 0.891, 1.614), 254, 30.86, 31)$$, 0.990977254762705, 'frequency 254'),
  ($$residual_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 0.0027, 254, 30.86, 31)$$, 583.947672588242, 'frequency 254'),
  ($$residual_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 0.0027, 0, 0, 38.86)$$, 0.722836338286835, 'frequency 0'),
  ($$residual_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 1e-06, 2, 30.43, 38.86)$$, 47.4322021057418, 'discount of nearly 0'),
  ($$residual_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 10, 2, 30.43, 38.86)$$, 0.00395379674301842, 'discount of 10'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 10000, 2, 30.43, 38.86)$$, 19.7983646595308, 'horizon 10^4'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 1000000, 2, 30.43, 38.86)$$, 51.6490714525287, 'horizon 10^6'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 1e-06, 2, 30.43, 38.86)$$, 3.95879650141219e-8, 'horizon 10^-6'),
  ($$expected_purchases(mbgnbd(0.525, 6.183, 0.891, 1.614), 365, 40, 12000, 14000)$$, 0.0868683948086122, 'age of four decades in days'),
  ($$p_alive(mbgnbd(0.525, 6.183, 0.891, 1.614), 40, 12000, 14000)$$, 0.083162990022125, 'age of four decades in days'),
  ($$purchase_probability(mbgnbd(0.525, 6.183, 0.891, 1.614), 0, 39)$$, 0.582473189493289, 'n = 0'),
  ($$purchase_probability(mbgnbd(0.525, 6.183, 0.891, 1.614), 5, 39)$$, 0.0193873235535703, 'small and large n'),
  ($$purchase_probability(mbgnbd(0.525, 6.183, 0.891, 1.614), 100, 39)$$, 2.42528247916806e-10, 'n beyond reach'),
  ($$purchase_probability(mbgnbd(0.525, 6.183, 0.891, 1.614), 3, 10000)$$, 0.0621558532241578, 'small and large n'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 5000, 38.8, 38.86)$$, 3119.01780753392, 'frequency 5000'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 39, 5000, 38.86, 38.86)$$, 3279.16654492547, 'frequency 5000, bought today'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 5000, 38.8, 38.86)$$, 0.951161755526147, 'frequency 5000'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 254, 30.86, 31)$$, 0.996852127422252, 'frequency 254: BTYD 2.4.3 gives NaN'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 254, 30.86, 31)$$, 824.107442916973, 'frequency 254'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0.0027, 0, 0, 38.86)$$, 0.477136229032195, 'frequency 0'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 1e-06, 2, 30.43, 38.86)$$, 246.118861066412, 'discount of nearly 0'),
  ($$residual_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 10, 2, 30.43, 38.86)$$, 0.00448305340055894, 'discount of 10'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 10000, 2, 30.43, 38.86)$$, 40.5676936846455, 'horizon 10^4'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 1000000, 2, 30.43, 38.86)$$, 278.003998298582, 'horizon 10^6'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 1e-06, 2, 30.43, 38.86)$$, 4.48841936407494e-8, 'horizon 10^-6'),
  ($$expected_purchases(pareto_nbd(0.553, 10.578, 0.606, 11.669), 365, 40, 12000, 14000)$$, 0.112406446618748, 'age of four decades in days'),
  ($$p_alive(pareto_nbd(0.553, 10.578, 0.606, 11.669), 40, 12000, 14000)$$, 0.107232283702991, 'age of four decades in days'),
  ($$purchase_probability(pareto_nbd(0.553, 10.578, 0.606, 11.669), 0, 39)$$, 0.593625031602384, 'n = 0'),
  ($$purchase_probability(pareto_nbd(0.553, 10.578, 0.606, 11.669), 5, 39)$$, 0.021484828361821, 'small and large n'),
  ($$purchase_probability(pareto_nbd(0.553, 10.578, 0.606, 11.669), 100, 39)$$, 5.3541586830199e-13, 'n beyond reach'),
  ($$purchase_probability(pareto_nbd(0.553, 10.578, 0.606, 11.669), 3, 10000)$$, 0.0414329412041256, 'small and large n'),
  ($$expected_purchases(bgnbd(0.25, 4, 1e-6, 2), 10000, 2, 30, 40)$$, 511.361172566447, 'next to nobody leaves'),
  ($$expected_purchases(bgnbd(0.25, 4, 1e-6, 1e-6), 39, 0, 0, 40)$$, 0.184153393312891, 'each stays or leaves for sure'),
  ($$expected_purchases(bgnbd(0.25, 4, 1e-9, 1e-9), 39, 0, 0, 40)$$, 0.184153411488355, 'each stays or leaves for sure'),
  ($$expected_purchases(bgnbd(0.5, 6, 30, 1e-6), 365)$$, 0.872828856864493, 'next to everybody leaves'),
  ($$expected_purchases(mbgnbd(0.5, 6, 30, 1e-6), 39)$$, 2.17013633941922e-8, 'next to everybody leaves'),
  ($$expected_purchases(mbgnbd(0.5, 6, 30, 1e-6), 39, 1, 30, 40)$$, 0.0140624750474656, 'next to everybody leaves'),
  ($$residual_purchases(bgnbd(0.25, 4, 1e-6, 2), 0.0027, 2, 30, 40)$$, 18.9393504109646, 'next to nobody leaves'),
  ($$residual_purchases(bgnbd(0.25, 4, 1e-6, 1e-6), 0.01, 0, 0, 40)$$, 0.389669886060776, 'each stays or leaves for sure'),
  ($$residual_purchases(mbgnbd(0.5, 6, 30, 1e-6), 0.0027, 1, 30, 40)$$, 0.0205689174204129, 'next to everybody leaves'),
  ($$residual_purchases(mbgnbd(1e-7, 2e28, 1e-109, 8e229), 1e70, 0, 0, 0.0002)$$, 5e-106, 'nobody leaves: r / alpha / discount'),
  ($$purchase_probability(bgnbd(1e-6, 1e-6, 0.8, 2.4), 5, 1e6)$$, 1.34966742623476e-6, 'r of next to nothing'),
  ($$purchase_probability(bgnbd(1e6, 1e6, 0.8, 2.4), 100, 90)$$, 0.00118259389901681, 'r of a million'),
  ($$purchase_probability(mbgnbd(1, 3.3, 26, 1e-12), 0, 365)$$, 0.999999999999962, 'everybody leaves at once'),
  ($$purchase_probability(mbgnbd(1, 0.037, 5e7, 1), 1, 365)$$, 1.99979716084386e-8, 'next to everybody leaves at once'),
  ($$survival(sbg(1e9, 1e9), 10)$$, 0.000976562521972656, 'all nearly alike'),
  ($$survival(bdw(0.001, 1, 300), 1e10)$$, 0.000999423772484595, 't^c beyond double precision'),
  ($$residual_lifetime(sbg(0.7, 1.2), 1, 1e-9)$$, 1566.52865120572, 'discount of nearly 0'),
  ($$residual_lifetime(sbg(0.7, 1.2), 100, 1e-6)$$, 4409.43772028499, 'discount of nearly 0'),
  ($$residual_lifetime(sbg(1e-6, 1e6), 1, 1e-9)$$, 999993663.146303, 'discount of nearly 0, and nobody leaves'),
  ($$residual_lifetime(bdw(0.1, 1.2, 0.5), 1, 0.0001)$$, 6352.92096113265, 'small discount: a sum of 500,000 terms'),
  ($$residual_lifetime(bdw(0.7, 1.2, 1.3), 1, 0.0001)$$, 13.7121990913903, 'small discount: a sum of 500,000 terms'),
  ($$residual_lifetime(bdw(0.05, 400, 3), 5, 0.0001)$$, 3794.3801034559, 'small discount: a sum of 500,000 terms'),
  ($$p_alive(pareto_nbd(0.5, 12, 0.6, 12), 2, 30.43, 38.86)$$, 0.872678813292829, 'alpha = beta'),
  ($$expected_purchases(pareto_nbd(0.5, 12, 0.6, 12), 39, 2, 30.43, 38.86)$$, 1.39449416484458, 'alpha = beta'),
  ($$p_alive(pareto_nbd(0.5, 1000, 0.6, 0.01), 0, 0, 5)$$, 0.0239372374389075, 'alpha far above beta'),
  ($$p_alive(pareto_nbd(0.5, 0.01, 0.6, 1000), 0, 0, 5)$$, 0.994288152278494, 'alpha far below beta'),
  ($$p_alive(pareto_nbd(0.5, 1000, 0.6, 0.01), 1, 0.001, 500)$$, 0.000875571087299369, 'alpha far above beta'),
  ($$p_alive(pareto_nbd(0.5, 0.01, 0.6, 1000), 1, 0.001, 500)$$, 0.00613932674450442, 'alpha far below beta');
SELECT pg_temp.values_hold(1e-10);
TRUNCATE value_of;

\ir finish.psql
