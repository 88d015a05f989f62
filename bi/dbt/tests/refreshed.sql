-- Before its first refresh every report of a ledger is empty.
SELECT 'never refreshed: CALL crmcost.refresh' AS fault
WHERE NOT EXISTS (SELECT * FROM {{ source('crmcost', 'last_refresh') }})
