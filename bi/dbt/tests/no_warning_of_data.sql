-- What may mislead.
{{ config(severity='warn') }}
SELECT check_name, rows, example
FROM {{ source('crmcost', 'data_quality') }}
WHERE severity = 'warning' AND rows > 0
