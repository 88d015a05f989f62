-- Every ledger has its own.
INSERT INTO erasure_secret DEFAULT VALUES;
