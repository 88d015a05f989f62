"""What the Superset bundle shows: measures of views, charts, the dashboard.

A ratio is a ratio of sums, so that it holds for whatever is picked or grouped;
where a view has only the ratio, it is weighted by what it is a ratio of.  What a
view shows already as one figure a row is shown row by row.
"""

MONEY, RATE, COUNT = ',.2f', '.1%', ',d'


def total(name, label, expression=None, form=MONEY):
    return {'metric_name': name, 'verbose_name': label, 'd3format': form,
            'expression': f'SUM({expression or name})'}


def ratio(name, label, above, below, form=MONEY):
    return {'metric_name': name, 'verbose_name': label, 'd3format': form,
            'expression': f'1.0 * SUM({above}) / NULLIF(SUM({below}), 0)'}


REVENUE = total('total_revenue', 'Revenue', 'revenue')
MARGIN = total('total_margin', 'Margin', 'margin')
PROFIT = total('total_profit', 'Profit', 'profit')
BORNE = total('borne_cost', 'Customer cost', 'total_cost')
CUSTOMERS = total('all_customers', 'Customers', 'customers', COUNT)
PROFIT_RATE = ratio('profit_rate', 'Profit of revenue', 'profit', 'revenue',
                    RATE)
COST_RATE = ratio('cost_rate', 'Customer cost of revenue', 'total_cost',
                  'revenue', RATE)
PROFIT_EACH = ratio('profit_per_customer', 'Profit a customer', 'profit',
                    'customers')

TIER_LABEL = {'tier_label': ('Tier', "concat_ws(' ', tier_rank, tier_name)")}

# Measures by view, and columns of our own (name: label, expression).
DATASETS = {
    'acquisition_balance': ([], {}),
    'campaign_roi': ([
        total('booked_cost', 'Cost', 'cost'),
        total('credited_revenue', 'Revenue credited', 'revenue'),
        total('credited_margin', 'Margin credited', 'margin'),
        ratio('return_rate', 'Return on cost', 'margin - cost', 'cost', RATE)],
        {}),
    'channel_cac': ([
        total('spend', 'Acquisition cost', 'acquisition_cost'),
        total('won', 'Customers acquired', 'customers', COUNT),
        ratio('cost_per_customer', 'CAC', 'acquisition_cost', 'customers'),
        ratio('media_per_customer', 'Media CAC', 'media_cost', 'customers'),
        ratio('cost_of_lead', 'Cost a lead', 'media_cost', 'leads'),
        ratio('converted_share', 'Leads converted', 'converted_leads', 'leads',
              RATE)], {}),
    'churn_rate': ([
        ratio('churn_share', 'Churn rate', 'churned', 'start_customers', RATE),
        ratio('retained_share', 'Retention rate', 'retained',
              'start_customers', RATE)], {}),
    'cohort': ([
        ratio('still_active', 'Still active', 'active_customers', 'customers',
              RATE)], {
        'cohort_label': ('Cohort', "to_char(cohort_month, 'YYYY-MM')")}),
    'cost_by_month': ([
        total('all_cost', 'Cost', 'cost'),
        ratio('unborne_share', 'Borne by nobody',
              'unused_cost + unallocated_cost', 'cost', RATE)], {}),
    'customer_clv': ([
        total('value_to_come', 'Value still to come', 'potential'),
        total('value_so_far', 'Margin so far', 'historic')], {}),
    'customer_profit': ([PROFIT, REVENUE, BORNE, PROFIT_RATE, COST_RATE], {}),
    'customer_voice': ([
        total('all_answers', 'Answers', 'answers', COUNT),
        ratio('good_share', 'Good answers', 'good_answers', 'answers', RATE),
        ratio('answered_share', 'Answers for an asking', 'answers', 'asked',
              RATE)], {}),
    'data_quality': ([], {}),
    'kpi': ([], {}),
    'last_refresh': ([], {}),
    'loyalty_liability': ([
        total('all_liability', 'Liability', 'liability'),
        ratio('redeemed_share', 'Points redeemed', 'redeemed', 'earned',
              RATE)], {}),
    'profit_bridge': ([total('step_amount', 'Amount', 'amount')], {
        'step_label': ('Step', "lpad(step_order::text, 2, '0') || ' ' "
                       '|| step_name')}),
    'profit_by_channel': ([PROFIT, REVENUE, BORNE, CUSTOMERS, PROFIT_RATE,
                           PROFIT_EACH], {}),
    'profit_by_month': ([
        REVENUE, MARGIN, BORNE, PROFIT,
        total('all_profit', 'Profit after all cost', 'ledger_profit'),
        ratio('margin_rate', 'Margin of revenue', 'margin', 'revenue', RATE),
        PROFIT_RATE, COST_RATE], {}),
    'profit_by_segment': ([PROFIT, REVENUE, CUSTOMERS, PROFIT_EACH], {}),
    'profit_by_tier': ([PROFIT, REVENUE, CUSTOMERS, PROFIT_EACH], TIER_LABEL),
    'rfm_grid': ([CUSTOMERS, PROFIT], {}),
    'service_cost': ([
        total('service_spend', 'Cost of service', 'cost'),
        ratio('cost_a_contact', 'Cost a contact', 'cost', 'contacts'),
        ratio('cost_a_case', 'Cost a case', 'cost', 'cases'),
        ratio('machine_share', 'By machines', 'automated_contacts', 'contacts',
              RATE)], {}),
    'service_level': ([
        total('cases_opened', 'Cases opened', 'opened', COUNT),
        ratio('answered_in_time', 'Answered in time',
              'response_sla_rate * responded', 'responded', RATE),
        ratio('solved_in_time', 'Resolved in time',
              'resolution_sla_rate * resolved', 'resolved', RATE),
        ratio('solved_at_once', 'Resolved at the first contact',
              'first_contact', 'resolved', RATE)], {}),
    'tier_resource': ([
        ratio('spend_a_customer', 'Cost a customer', 'spend', 'customers'),
        ratio('profit_a_customer', 'Profit a customer', 'profit',
              'customers')], TIER_LABEL),
    'whale_curve_point': ([{
        'metric_name': 'profit_so_far', 'verbose_name': 'Profit so far',
        'd3format': MONEY, 'expression': 'MAX(cumulative_profit)'}], {}),
    'worklist_open': ([
        total('expected', 'Expected of it', 'expected_value')], {}),
}


def chart(key, title, view, kind, **how):
    return dict(how, key=key, title=title, view=view, kind=kind)


def rows(key, title, view, columns, **how):
    return chart(key, title, view, 'rows', columns=columns, **how)


ALL_CHANNELS = {'channel_code': '(all)'}
CHARTS = [
    chart('revenue', 'Revenue', 'profit_by_month', 'number',
          metrics=['total_revenue']),
    chart('customer-cost', 'Customer cost', 'profit_by_month', 'number',
          metrics=['borne_cost']),
    chart('profit', 'Profit of customers', 'profit_by_month', 'number',
          metrics=['total_profit']),
    chart('profit-rate', 'Profit of revenue', 'profit_by_month', 'number',
          metrics=['profit_rate']),
    chart('value-to-come', 'Value still to come', 'customer_clv', 'number',
          metrics=['value_to_come']),
    rows('refreshed', 'As of', 'last_refresh', ['as_of', 'finished_at']),
    chart('bridge', 'From gross sales to profit', 'profit_bridge', 'waterfall',
          metrics=['step_amount'], x='step_label',
          where={'kind': ['start', 'change']}),
    chart('profit-by-month', 'Profit by month', 'profit_by_month', 'bars',
          metrics=['total_profit'], x='month_start'),
    chart('rates-by-month', 'Margin, cost and profit of revenue',
          'profit_by_month', 'lines', x='month_start',
          metrics=['margin_rate', 'cost_rate', 'profit_rate']),
    chart('cost-by-kind', 'Cost by kind and month', 'cost_by_month', 'bars',
          metrics=['all_cost'], x='month_start', by=['bucket_name'],
          stack=True),
    chart('whales', 'Profit of the best customers so far, by their share',
          'whale_curve_point', 'lines', metrics=['profit_so_far'],
          x='customer_share'),
    rows('losers', 'Customers who lose most', 'customer_profit',
         ['customer_id', 'channel_name', 'segment_name', 'revenue', 'margin',
          'total_cost', 'profit'], order=('profit', True), limit=20),
    chart('tiers', 'Profit a customer by tier', 'profit_by_tier', 'bars',
          metrics=['profit_per_customer'], x='tier_label',
          where={'scheme': 'value'}),
    chart('tier-resource', 'What a customer of a tier costs and brings',
          'tier_resource', 'bars', x='tier_label', where={'scheme': 'value'},
          metrics=['spend_a_customer', 'profit_a_customer']),
    chart('segments', 'Profit by segment', 'profit_by_segment', 'bars',
          metrics=['total_profit'], x='segment_name'),
    chart('rfm', 'Customers by recency and frequency, 5 = latest, most',
          'rfm_grid', 'grid', metrics=['all_customers'], x='f', y='r'),
    chart('cac', 'Cost to win a customer, by channel', 'channel_cac', 'bars',
          metrics=['cost_per_customer', 'media_per_customer'],
          x='channel_name'),
    chart('cac-by-month', 'Cost to win a customer, by month', 'channel_cac',
          'lines', metrics=['cost_per_customer'], x='month_start'),
    rows('balance', 'Are new customers worth what they cost?',
         'acquisition_balance',
         ['channel_name', 'customers', 'cac', 'ltv', 'ltv_cac',
          'payback_months', 'loses_money']),
    chart('profit-by-channel', 'Profit by the channel that won the customer',
          'profit_by_channel', 'table', by=['channel_name'],
          metrics=['all_customers', 'total_revenue', 'borne_cost',
                   'total_profit', 'profit_rate', 'profit_per_customer']),
    chart('campaigns', 'Campaigns by the model of the ledger', 'campaign_roi',
          'table', by=['campaign_name'], where={'is_chosen': True},
          metrics=['booked_cost', 'credited_revenue', 'credited_margin',
                   'return_rate']),
    chart('cohorts', 'Share of a cohort that bought, by month of age',
          'cohort', 'grid', metrics=['still_active'], x='age',
          y='cohort_label', where={'active_customers': None}),
    chart('churn', 'Customers who left and who stayed, by month',
          'churn_rate', 'lines', metrics=['churn_share', 'retained_share'],
          x='month_start', where=ALL_CHANNELS),
    chart('service', 'Cost of service by channel and month', 'service_cost',
          'bars', metrics=['service_spend'], x='month_start',
          by=['code_name'], stack=True, where={'dimension': '(channel)'}),
    chart('contact', 'What a contact and a case cost', 'service_cost',
          'lines', metrics=['cost_a_contact', 'cost_a_case'],
          x='month_start', where={'dimension': '(all)'}),
    chart('service-level', 'Answered and resolved in time', 'service_level',
          'lines', x='month_start', where={'dimension': '(all)'},
          metrics=['answered_in_time', 'solved_in_time']),
    chart('voice', 'Good answers by survey and month', 'customer_voice',
          'lines', metrics=['good_share'], x='month_start',
          by=['survey_name'],
          where={'scheme': '(all)', 'tier': '(all)',
                 'channel_code': '(all)', 'product_code': '(all)'}),
    chart('points', 'What points will cost', 'loyalty_liability', 'table',
          by=['program_name'], metrics=['all_liability', 'redeemed_share']),
    rows('worklist', 'What to do next', 'worklist_open',
         ['place', 'due_on', 'customer_id', 'reason_name', 'action',
          'channel_name', 'value', 'expected_value'],
         order=('place', True), limit=50),
    rows('outcome', 'Outcome of twelve months', 'kpi',
         ['family_name', 'metric_name', 'value', 'baseline', 'target',
          'delta_rate', 'status']),
    rows('quality', 'What to know about the data', 'data_quality',
         ['severity_name', 'check_title', 'rows', 'amount', 'example'],
         where={'rows': ('>', 0)}, order=('severity', True)),
]

# The dashboard: headings, each with rows of charts and their width in twelfths.
PAGE = [
    ('Outcome', [
        [('revenue', 2), ('customer-cost', 2), ('profit', 2),
         ('profit-rate', 2), ('value-to-come', 2), ('refreshed', 2)],
        [('bridge', 6), ('outcome', 6)],
        [('profit-by-month', 6), ('rates-by-month', 6)]]),
    ('Where cost goes, who makes the profit', [
        [('cost-by-kind', 6), ('whales', 6)],
        [('tiers', 4), ('tier-resource', 4), ('segments', 4)],
        [('losers', 6), ('rfm', 6)]]),
    ('Winning customers', [
        [('cac', 6), ('cac-by-month', 6)],
        [('balance', 6), ('profit-by-channel', 6)],
        [('campaigns', 6), ('cohorts', 6)]]),
    ('Keeping and serving them', [
        [('churn', 6), ('voice', 6)],
        [('service', 4), ('contact', 4), ('service-level', 4)],
        [('points', 4), ('worklist', 8)]]),
    ('Can it be trusted?', [[('quality', 12)]]),
]
