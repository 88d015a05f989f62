# crmcost: PGXS build.
#
#   make, make install, make installcheck   as every PGXS extension does
#   make demo, make demo-stop               the main job on real data
#   make test                               every suite, on a throw-away cluster
#   make lint, make format, make bench, make check-assert

PG_CONFIG ?= pg_config

EXTENSION = crmcost
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)

MODULE_big = crmcost
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c)))
LOCAL_HEADERS = $(wildcard src/*.h)

# The install script is put together from sql/NN_domain.sql, in number order,
# with the ledger's plain SQL wrapped by sql/ledger/wrap.sh.
SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
SQL_PARTS = $(sort $(wildcard sql/[0-9]*.sql))
LEDGER_PARTS = $(sort $(wildcard sql/ledger/*/*.sql))
DATA_built = $(SCRIPT)
DATA = $(wildcard sql/update/*.sql)

REGRESS = $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test
TAP_TESTS = 1
PROVE_TESTS = test/t/*.pl

# PostgreSQL's headers as system headers: their macros are not ours to warn of.
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server)

# Results must not depend on the platform: no contraction of a*b+c.
PG_CFLAGS = -std=gnu99 -ffp-contract=off -fvisibility=hidden \
	-Wextra -Wno-unused-parameter -Wvla $(EXTRA_WARNINGS)
EXTRA_CLEAN = $(SCRIPT) test/unit/bin results regression.diffs regression.out

with_llvm ?= no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

$(OBJS): $(LOCAL_HEADERS)

$(SCRIPT): $(SQL_PARTS) $(LEDGER_PARTS) sql/ledger/wrap.sh Makefile
	{ printf '%s\n' '-- for CREATE EXTENSION, not for psql' \
	    '\echo Use "CREATE EXTENSION crmcost" to load this file. \quit'; \
	  for f in $(SQL_PARTS); do echo; cat $$f; done; \
	  sh sql/ledger/wrap.sh; } > $@.tmp && mv $@.tmp $@
