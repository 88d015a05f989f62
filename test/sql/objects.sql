-- The face of the extension in psql: types, functions, aggregates.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS crmcost;
SELECT extname, extversion, extrelocatable, extnamespace::regnamespace FROM pg_extension WHERE extname = 'crmcost';
SET search_path = crmcost;
\dT rfm*
\d rfm_cuts
\df rfm_score
\df crmcost.unnest
\df allocate
\df clv
\df attribution_weight
\d channel_credit
\d logit
\d survival_point
\d points_balance
\da
