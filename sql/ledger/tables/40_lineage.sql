-- Computed by refresh; nothing else writes it.  Trees with all their branches, so
-- that a report over one needs no recursion.
CREATE TABLE category_lineage (
  code text COLLATE "C" NOT NULL,
  ancestor text COLLATE "C" NOT NULL,
  distance integer NOT NULL,
  PRIMARY KEY (code, ancestor)
);

COMMENT ON TABLE category_lineage IS
'Every cost category with itself and each category above it, one row each, as of the last refresh.';
COMMENT ON COLUMN category_lineage.code IS 'Cost category.';
COMMENT ON COLUMN category_lineage.ancestor IS 'The category itself or one above it.';
COMMENT ON COLUMN category_lineage.distance IS 'Steps up the tree, 0 for the category itself.';

CREATE TABLE channel_lineage (
  code text COLLATE "C" NOT NULL,
  ancestor text COLLATE "C" NOT NULL,
  distance integer NOT NULL,
  PRIMARY KEY (code, ancestor)
);

COMMENT ON TABLE channel_lineage IS
'Every channel with itself and each channel above it, one row each, as of the last refresh.';
COMMENT ON COLUMN channel_lineage.code IS 'Channel.';
COMMENT ON COLUMN channel_lineage.ancestor IS 'The channel itself or one above it.';
COMMENT ON COLUMN channel_lineage.distance IS 'Steps up the tree, 0 for the channel itself.';
