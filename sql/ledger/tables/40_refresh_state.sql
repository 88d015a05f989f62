-- What the computed tables were made from, one row.  Where it does not fit the
-- database it is found in, as after a restore, all is computed anew.
CREATE TABLE refresh_state (
  one boolean PRIMARY KEY DEFAULT true
    CONSTRAINT one_row CHECK (one),
  epoch bigint NOT NULL DEFAULT 0,
  over_epoch bigint NOT NULL DEFAULT 0,
  over_by xid8,
  seen pg_snapshot,
  as_of_at timestamptz,
  system_identifier bigint,
  database_oid oid,
  storage text,
  closing_before date
);

COMMENT ON TABLE refresh_state IS
'What the computed tables were made from, one row; refresh computes everything anew where it no longer fits.';
COMMENT ON COLUMN refresh_state.one IS 'Always true: there is one row.';
COMMENT ON COLUMN refresh_state.epoch IS 'Refreshes begun.';
COMMENT ON COLUMN refresh_state.over_epoch IS 'Epoch that was over, with all before it, when a refresh ended.';
COMMENT ON COLUMN refresh_state.over_by IS 'Transaction of that refresh: who began after it has seen that they were over.';
COMMENT ON COLUMN refresh_state.seen IS 'What it saw: rows of touched by other transactions are news.';
COMMENT ON COLUMN refresh_state.as_of_at IS 'Instant before which facts were read; NULL before the first refresh and when all is to be computed anew.';
COMMENT ON COLUMN refresh_state.system_identifier IS 'Server that it happened on, as pg_control_system() says.';
COMMENT ON COLUMN refresh_state.database_oid IS 'Number of the database.';
COMMENT ON COLUMN refresh_state.storage IS 'Fingerprint of the tables and partitions of the facts and of their triggers.';
COMMENT ON COLUMN refresh_state.closing_before IS 'First day after the month that is about to be closed: facts before it are noted in late_fact; NULL for none.';

INSERT INTO refresh_state DEFAULT VALUES;
