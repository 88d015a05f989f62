-- The same on a ledger without partitions.
\set partitioned false
\ir ledger_journey.sql
