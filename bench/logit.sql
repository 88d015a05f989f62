-- Logistic regression of 1 M rows and 10 features against scikit-learn, which
-- logit.sh has run.

SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY work_ms) AS lbfgs FROM bench.sklearn WHERE solver = 'lbfgs' \gset
CALL bench.against(
  'logit_fit, 1 M rows of 10 features', 'scikit-learn, unpenalised, lbfgs', :lbfgs, 0.333,
  $$SELECT crmcost.logit_fit(label, feature) FROM bench.lead$$);

\t on
\a
SELECT format('largest difference of a coefficient: %s from %s, %s ms', max(abs(theirs - ours)), solver, min(work_ms))
FROM bench.sklearn, (SELECT crmcost.logit_fit(label, feature) AS m FROM bench.lead) AS fit,
  unnest(coefficient, (m).coefficient) AS pair (theirs, ours)
GROUP BY solver;
\a
\t off
