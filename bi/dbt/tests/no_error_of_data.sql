-- What makes a report wrong or incomplete.
SELECT check_name, rows, example
FROM {{ source('crmcost', 'data_quality') }}
WHERE severity = 'error' AND rows > 0
