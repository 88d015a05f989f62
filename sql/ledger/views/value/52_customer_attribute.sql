-- Attributes of customers as columns: refresh makes this view anew with those
-- that setting attribute_columns names (crmcost._renew_attributes).  Until
-- then there are none.
CREATE VIEW customer_attribute WITH (security_invoker = true) AS
SELECT customer_id
FROM customer
WHERE merged_into IS NULL;

COMMENT ON VIEW customer_attribute IS
'Attributes of customers that setting attribute_columns names, one row a customer or lead, one column an attribute.';
COMMENT ON COLUMN customer_attribute.customer_id IS 'Customer.';
