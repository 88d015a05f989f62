-- Written by crmcost.close_period(); nothing else writes it.  The steps of funnels as
-- they were when a month was closed: those of now are in funnel_step.
CREATE TABLE closed_funnel (
  month_start date NOT NULL,
  funnel text NOT NULL,
  position integer NOT NULL,
  kind text NOT NULL,
  subtype text,
  is_missing boolean NOT NULL,
  PRIMARY KEY (month_start, funnel, position)
);

COMMENT ON TABLE closed_funnel IS
'Steps of funnels when a month was closed, one row a month, funnel and step.';
COMMENT ON COLUMN closed_funnel.month_start IS 'First day of the closed month.';
COMMENT ON COLUMN closed_funnel.funnel IS 'Funnel.';
COMMENT ON COLUMN closed_funnel.position IS 'Place of the step in it.';
COMMENT ON COLUMN closed_funnel.kind IS 'What took a customer into the step, as in funnel_step.';
COMMENT ON COLUMN closed_funnel.subtype IS 'Subtype of the interaction; NULL for any.';
COMMENT ON COLUMN closed_funnel.is_missing IS 'Whether nobody had ever entered the step.';
