-- Computed by refresh; nothing else writes it.
CREATE TABLE cart_item (
  customer_id bigint NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  quantity bigint NOT NULL,
  first_at timestamptz NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (customer_id, product_code)
);

COMMENT ON TABLE cart_item IS
'What is in carts: interactions of kind behavior and subtype cart after the last order, one row a customer and product, as of the last refresh.';
COMMENT ON COLUMN cart_item.customer_id IS 'Customer or lead.';
COMMENT ON COLUMN cart_item.product_code IS 'Product; (unknown) where the interaction names none.';
COMMENT ON COLUMN cart_item.quantity IS 'How many were put into it: n of the interactions.';
COMMENT ON COLUMN cart_item.first_at IS 'When the first was.';
COMMENT ON COLUMN cart_item.last_at IS 'When the last was.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_favourite (
  customer_id bigint NOT NULL PRIMARY KEY,
  group_code text COLLATE "C" NOT NULL,
  group_orders bigint NOT NULL,
  product_code text COLLATE "C" NOT NULL,
  orders bigint NOT NULL
);

COMMENT ON TABLE customer_favourite IS
'What a customer likes best, one row a customer who bought a product, as of the last refresh.';
COMMENT ON COLUMN customer_favourite.customer_id IS 'Customer.';
COMMENT ON COLUMN customer_favourite.group_code IS 'Group of products (product.parent_code) that most orders hold products of; a product without a group is one by itself.';
COMMENT ON COLUMN customer_favourite.group_orders IS 'Orders that hold any product of it.';
COMMENT ON COLUMN customer_favourite.product_code IS 'Product of the group that most orders hold; equal ones by revenue, then by code.';
COMMENT ON COLUMN customer_favourite.orders IS 'Orders that hold it.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE product_next (
  product_code text COLLATE "C" NOT NULL,
  place integer NOT NULL,
  other_product_code text COLLATE "C" NOT NULL,
  orders_together bigint NOT NULL,
  confidence numeric(7,6) NOT NULL,
  lift numeric(38,6) NOT NULL,
  PRIMARY KEY (product_code, place)
);

COMMENT ON TABLE product_next IS
'What goes best with a product, one row a product and place, up to five: other products with a lift above 1, as of the last refresh.';
COMMENT ON COLUMN product_next.product_code IS 'Product.';
COMMENT ON COLUMN product_next.place IS 'Place by confidence, then lift, 1 the best.';
COMMENT ON COLUMN product_next.other_product_code IS 'Product that goes with it.';
COMMENT ON COLUMN product_next.orders_together IS 'Orders with both.';
COMMENT ON COLUMN product_next.confidence IS 'Share of the orders with the product that have the other one too, 6 decimals.';
COMMENT ON COLUMN product_next.lift IS 'That share in relation to the share among all orders, 6 decimals.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE need_tag (
  customer_id bigint NOT NULL,
  need text COLLATE "C" NOT NULL,
  in_attributes boolean NOT NULL,
  mentions bigint NOT NULL,
  last_mentioned_on date,
  PRIMARY KEY (customer_id, need)
);

COMMENT ON TABLE need_tag IS
'Needs that attributes of customers (key needs) or of interactions with them, such as answers to surveys, name; one row a customer and need, as of the last refresh.';
COMMENT ON COLUMN need_tag.customer_id IS 'Customer or lead; of merged customers the one that stays.';
COMMENT ON COLUMN need_tag.need IS 'Need, as it is written there.';
COMMENT ON COLUMN need_tag.in_attributes IS 'Whether the attributes of the customer name it.';
COMMENT ON COLUMN need_tag.mentions IS 'Interactions that name it, those behind a count included.';
COMMENT ON COLUMN need_tag.last_mentioned_on IS 'Day of the last of them; NULL for none.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE customer_occasion (
  customer_id bigint NOT NULL PRIMARY KEY,
  month_day text COLLATE "C" NOT NULL
);

COMMENT ON TABLE customer_occasion IS
'A day of each year that customers told us of their own accord (attribute month_day), one row a customer with one, as of the last refresh.';
COMMENT ON COLUMN customer_occasion.customer_id IS 'Customer or lead; of merged customers the one that stays.';
COMMENT ON COLUMN customer_occasion.month_day IS 'Month and day, such as 02-29, which in other years is the day before March.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE need_total (
  need text COLLATE "C" NOT NULL PRIMARY KEY,
  customers bigint NOT NULL,
  in_attributes bigint NOT NULL,
  mentions bigint NOT NULL,
  last_mentioned_on date
);

COMMENT ON TABLE need_total IS
'How many customers named a need, one row a need, as of the last refresh.';
COMMENT ON COLUMN need_total.need IS 'Need.';
COMMENT ON COLUMN need_total.customers IS 'Customers and leads who named it.';
COMMENT ON COLUMN need_total.in_attributes IS 'Those of them whose attributes name it.';
COMMENT ON COLUMN need_total.mentions IS 'Interactions that name it, those behind a count included.';
COMMENT ON COLUMN need_total.last_mentioned_on IS 'Day of the last of them; NULL for none.';

-- Computed by refresh; nothing else writes it.
CREATE TABLE group_forecast (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  customers bigint NOT NULL,
  predicted_customers bigint NOT NULL,
  expected_alive numeric(38,4),
  expected_purchases numeric(38,4),
  expected_revenue numeric(38,4),
  expected_margin numeric(38,4),
  PRIMARY KEY (dimension, code)
);

COMMENT ON TABLE group_forecast IS
'What the models expect of the customers of a group in the months of clv_horizon, one row a dimension and group with customers who bought, as of the last refresh.';
COMMENT ON COLUMN group_forecast.dimension IS '(segment) of RFM, or a tier scheme.';
COMMENT ON COLUMN group_forecast.code IS 'Segment or tier; (unknown) for none.';
COMMENT ON COLUMN group_forecast.customers IS 'Customers who bought.';
COMMENT ON COLUMN group_forecast.predicted_customers IS 'Those of them for whom a model of purchases was fitted.';
COMMENT ON COLUMN group_forecast.expected_alive IS 'How many of these are still customers: the sum of p_alive, 4 decimals; NULL without a model.';
COMMENT ON COLUMN group_forecast.expected_purchases IS 'Days with an order expected of them, 4 decimals; NULL likewise.';
COMMENT ON COLUMN group_forecast.expected_revenue IS 'Revenue expected of them in base currency, not discounted, 4 decimals; NULL without models of purchases and spend.';
COMMENT ON COLUMN group_forecast.expected_margin IS 'Value still to come in base currency, by the models, else by the closed form; NULL without either.';

CREATE TABLE demand_line (
  dimension text COLLATE "C" NOT NULL,
  code text COLLATE "C" NOT NULL,
  measure text COLLATE "C" NOT NULL,
  last_month date NOT NULL,
  months integer NOT NULL,
  mean_value numeric(38,6) NOT NULL,
  last_value numeric(38,6) NOT NULL,
  slope numeric(38,6),
  slope_low numeric(38,6),
  slope_high numeric(38,6),
  trend text COLLATE "C" NOT NULL,
  next_value numeric(38,6),
  PRIMARY KEY (dimension, code, measure)
);

COMMENT ON TABLE demand_line IS
'Straight line through what was sold in the last complete months (setting trend_months), one row a product, segment or tier and measure, as of the last refresh.';
COMMENT ON COLUMN demand_line.dimension IS '(product), (segment) of RFM, or a tier scheme.';
COMMENT ON COLUMN demand_line.code IS 'Product, segment or tier; (unknown) for none.';
COMMENT ON COLUMN demand_line.measure IS 'quantity or revenue of a product, orders or revenue of a segment or tier.';
COMMENT ON COLUMN demand_line.last_month IS 'Last complete month, where the line ends.';
COMMENT ON COLUMN demand_line.months IS 'Months of the line; one without anything counts as 0.';
COMMENT ON COLUMN demand_line.mean_value IS 'Mean of a month, 6 decimals.';
COMMENT ON COLUMN demand_line.last_value IS 'That of the last month.';
COMMENT ON COLUMN demand_line.slope IS 'Change a month, by least squares, 6 decimals; NULL for a single month.';
COMMENT ON COLUMN demand_line.slope_low IS 'Lower end of its 95 % confidence interval; NULL with less than three months.';
COMMENT ON COLUMN demand_line.slope_high IS 'Upper end likewise.';
COMMENT ON COLUMN demand_line.trend IS 'rising or falling where the interval is above or below 0, steady where it holds 0, (unknown) without one.';
COMMENT ON COLUMN demand_line.next_value IS 'What the line says of the next month, 6 decimals; NULL for a single month.';
