-- What keeps an erased customer erased.  A repeated load must not bring the
-- person in again, nor the facts a second time, so the ledger has to know the
-- key when it comes back, without having it: it keeps a hash, mixed with a secret
-- that readers do not see, and not whose it was.  Row-level security without a
-- policy hides both tables from everybody but their owner, and a loader that is
-- given one.
CREATE TABLE erasure_secret (
  only_one boolean PRIMARY KEY DEFAULT true
    CONSTRAINT one_secret CHECK (only_one),
  secret bytea NOT NULL
    DEFAULT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    CONSTRAINT secret_has_32_bytes CHECK (octet_length(secret) = 32)
);
ALTER TABLE erasure_secret ENABLE ROW LEVEL SECURITY;

COMMENT ON TABLE erasure_secret IS
'What the keys of erased customers are hashed with, one row; only the owner and loaders may see it.';
COMMENT ON COLUMN erasure_secret.only_one IS
'true.';
COMMENT ON COLUMN erasure_secret.secret IS
'32 bytes, random; whoever has them can try which key was erased.';

CREATE TABLE erased_key (
  key_hash bytea PRIMARY KEY
    CONSTRAINT key_hash_has_32_bytes CHECK (octet_length(key_hash) = 32)
);
ALTER TABLE erased_key ENABLE ROW LEVEL SECURITY;

COMMENT ON TABLE erased_key IS
'Keys that must not be loaded again, one row an erased customer; which customer it was is not kept.';
COMMENT ON COLUMN erased_key.key_hash IS
'Hash of source and source_key with the secret of the ledger, by crmcost.key_hash().';

-- Both look at a whole statement at once, after it, and at nothing as long as
-- nobody is erased.
CREATE INDEX customer_erased ON customer (customer_id)
  WHERE erased_at IS NOT NULL;

CREATE FUNCTION refuse_erased_key() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  anybody boolean;
  found_source text;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.customer
                                 WHERE erased_at IS NOT NULL)',
                 TG_TABLE_SCHEMA) INTO anybody;
  IF NOT anybody THEN
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.erasure_secret)',
                 TG_TABLE_SCHEMA) INTO anybody;
  IF NOT anybody THEN
    RAISE EXCEPTION 'role "%" cannot see whether a customer is erased',
                    current_user
      USING ERRCODE = 'insufficient_privilege',
            HINT = 'Loaders need SELECT on erasure_secret and erased_key, and a policy on each.';
  END IF;
  -- as crmcost.key_hash does, which DROP EXTENSION takes away
  EXECUTE format('SELECT min(l.source)
                  FROM loaded l
                  CROSS JOIN %1$I.erasure_secret s
                  JOIN %1$I.erased_key e
                    ON e.key_hash = sha256(s.secret || convert_to(
                         jsonb_build_array(l.source, l.source_key)::text,
                         CASE WHEN getdatabaseencoding()
                                   IN (''SQL_ASCII'', ''MULE_INTERNAL'')
                           THEN getdatabaseencoding() ELSE ''UTF8'' END))',
                 TG_TABLE_SCHEMA) INTO found_source;
  IF found_source IS NOT NULL THEN
    RAISE EXCEPTION 'a customer of source "%" is erased, and must not be loaded again',
                    found_source
      USING ERRCODE = 'unique_violation',
            CONSTRAINT = 'erased_customer_stays_erased',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
            HINT = 'Take the person out of the source, or leave out the rows whose crmcost.key_hash(ledger, source, source_key) is in erased_key.';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION refuse_erased_key() IS
'Trigger of customer: refuses a key that was erased.';

CREATE FUNCTION refuse_erased_customer() RETURNS trigger
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  anybody boolean;
  found_id bigint;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT FROM %I.customer
                                 WHERE erased_at IS NOT NULL)',
                 TG_TABLE_SCHEMA) INTO anybody;
  IF NOT anybody THEN
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT min(c.customer_id) FROM loaded l
                  JOIN %I.customer c USING (customer_id)
                  WHERE c.erased_at IS NOT NULL',
                 TG_TABLE_SCHEMA) INTO found_id;
  IF found_id IS NOT NULL THEN
    RAISE EXCEPTION 'customer % is erased, and takes no new facts', found_id
      USING ERRCODE = 'check_violation',
            CONSTRAINT = 'erased_customer_takes_no_facts',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME,
            HINT = 'Take the person out of the source; what is still to be booked goes on a technical customer (source anon).';
  END IF;
  RETURN NULL;
END
$$;

COMMENT ON FUNCTION refuse_erased_customer() IS
'Trigger of the facts: refuses what is about an erased customer, whose references are gone, so that a repeated load would count twice.';

CREATE TRIGGER erased_customer_stays_erased
  AFTER INSERT ON customer REFERENCING NEW TABLE AS loaded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_key();
CREATE TRIGGER erased_customer_takes_no_facts
  AFTER INSERT ON sale REFERENCING NEW TABLE AS loaded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_customer();
CREATE TRIGGER erased_customer_takes_no_facts
  AFTER INSERT ON cost_entry REFERENCING NEW TABLE AS loaded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_customer();
CREATE TRIGGER erased_customer_takes_no_facts
  AFTER INSERT ON interaction REFERENCING NEW TABLE AS loaded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_customer();
CREATE TRIGGER erased_customer_takes_no_facts
  AFTER INSERT ON loyalty_entry REFERENCING NEW TABLE AS loaded
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_customer();
