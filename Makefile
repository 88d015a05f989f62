# crmcost: PGXS build.
#
#   make, make install, make installcheck   as every PGXS extension does
#   make demo, make demo-stop               the main job on real data
#   make report LEDGER=crm [OUT=FILE]       a page of charts of a live ledger
#   make test                               every suite, on a throw-away cluster
#   make test ONE='tier doc'                tests of these names, on one that stays
#   make check-report                       the report page in a real browser
#   make check-bi                           drivers, dbt and Superset on a ledger
#   make check-package                      what is handed out, in bare chroots
#   make check-slow                         the last three, one after the other
#   make check-setup                        the set-up, on bare and odd machines
#   make dist                               the archive for PGXN
#   make lint, make format, make check-assert
#   make check-fuzz [CALLS=100000] [SEED=1] random calls; the server must live
#   make check-sequences [N=200] [SEED=1]   random sequences of changes and refreshes
#   make check-citus                        a ledger on a Citus cluster, where there is one
#   make bench, make bench NAME=rfm         against the plain SQL it replaces

PG_CONFIG ?= pg_config

EXTENSION = crmcost
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" crmcost.control)

MODULE_big = crmcost
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
LOCAL_HEADERS = $(wildcard src/*.h src/*/*.h)

# The install script is put together from the files below in number order, after
# the ledger's plain SQL wrapped by sql/ledger/wrap.sh.
SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
SQL_PARTS = $(sort $(wildcard sql/function/*.sql)) \
	$(sort $(wildcard sql/admin/*.sql)) $(sort $(wildcard sql/refresh/*.sql))
LEDGER_PARTS = $(sort $(wildcard sql/ledger/*/*.sql sql/ledger/views/*/*.sql))
# The update script is made of the install script: see sql/update/update.sh.
UPDATE_SCRIPT = sql/$(EXTENSION)--0.1.0--$(EXTVERSION).sql
DATA_built = $(SCRIPT) $(UPDATE_SCRIPT)
DATA = $(wildcard sql/update/$(EXTENSION)--*.sql)

REGRESS := $(patsubst test/sql/%.sql,%,$(sort $(wildcard test/sql/*.sql)))
REGRESS_OPTS = --inputdir=test
PROVE_TESTS := $(sort $(wildcard test/t/*.pl))
TAP_TESTS := $(if $(PROVE_TESTS),1)

# Our headers are named from src.  PostgreSQL's are system headers: their macros
# are not ours to warn of.
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server 2> /dev/null)

# Results must not depend on the platform: no contraction of a*b+c.
PG_CFLAGS = -std=gnu99 -ffp-contract=off -fvisibility=hidden \
	-Wextra -Wno-unused-parameter -Wvla $(EXTRA_WARNINGS)
EXTRA_CLEAN = $(SCRIPT) $(UPDATE_SCRIPT) test/unit/bin results regression.diffs regression.out

# Bitcode would let JIT inline our functions, which gains nothing, and doubles
# the compile; "make with_llvm=yes" builds it.  PostgreSQL's makefiles set it to
# what the server was built with, hence the override.
ifneq ($(origin with_llvm),command line)
override with_llvm = no
endif
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2> /dev/null))
ifneq ($(PGXS),)
include $(PGXS)
else
# The targets below install what is missing; these cannot.
all install installcheck clean:
	@echo "crmcost: $(PG_CONFIG) finds no PGXS: install PostgreSQL's server headers (Debian: postgresql-server-dev-15) or name a pg_config with PG_CONFIG=PATH" >&2; exit 2
endif

# The compiler that PostgreSQL was built with, or else a clang that is there:
# Debian's headers bring one.  It does not know every flag of gcc's.
ifeq ($(origin CC) $(shell command -v $(firstword $(CC)) 2> /dev/null),file )
CC := $(or $(shell command -v clang 2> /dev/null),$(CLANG))
endif
ifneq ($(findstring clang,$(CC)),)
override CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument
endif

# Not for headers that the server cannot bear, nor where nothing can be written.
.PHONY: can-build
can-build:
	@sh test/headers.sh '$(PG_CONFIG)'
	@test -w . || { echo "crmcost: cannot write in $$PWD: build a copy of it" >&2; exit 2; }
$(OBJS): $(LOCAL_HEADERS) | can-build

$(SCRIPT): sql/schema.sql $(SQL_PARTS) $(LEDGER_PARTS) sql/ledger/zh.tsv \
		sql/ledger/wrap.sh sql/privileges.sql Makefile
	{ printf '%s\n' '-- for CREATE EXTENSION, not for psql' \
	    '\echo Use "CREATE EXTENSION crmcost" to load this file. \quit'; \
	  echo; cat sql/schema.sql; sh sql/ledger/wrap.sh; \
	  for f in $(SQL_PARTS) sql/privileges.sql; do echo; cat $$f; done; } > $@.tmp && mv $@.tmp $@

$(UPDATE_SCRIPT): $(SCRIPT) sql/update/update.sh sql/update/from_0.1.0.sql
	sh sql/update/update.sh $(SCRIPT) > $@.tmp && mv $@.tmp $@

# The house: each does its own set-up, and touches nothing that is there.
.PHONY: demo demo-stop report check-report check-bi test test-clean check-assert check-ubsan check-setup check-package check-slow check-fuzz \
	check-sequences check-citus lint format bench hook dist
demo:
	@sh demo/run.sh '$(if $(findstring command,$(origin DATA)),$(DATA))'
demo-stop:
	@sh demo/stop.sh
report: export LEDGER := $(if $(filter undefined,$(origin LEDGER)),crm,$(LEDGER))
report: export OUT := $(if $(findstring command,$(origin OUT)),$(OUT))
report:
	@sh report/run.sh
check-report:
	@sh test/report/run.sh
check-bi:
	@sh test/bi/run.sh $(if $(findstring command,$(origin ONE)),$(ONE))
test:
	@sh test/run.sh $(if $(findstring command,$(origin ONE)),one '$(ONE)',normal)
check-assert:
	@sh test/run.sh assert $(if $(findstring command,$(origin ONE)),$(ONE))
check-ubsan:
	@sh test/run.sh ubsan $(if $(findstring command,$(origin ONE)),$(ONE))
check-setup:
	@sh test/setup_chroot.sh $(if $(findstring command,$(origin ONE)),$(ONE))
check-package:
	@sh test/package_chroot.sh $(if $(findstring command,$(origin ONE)),$(ONE))
check-slow:
	@sh test/series.sh check-report check-bi check-package
check-fuzz:
	@sh test/fuzz/run.sh '$(if $(findstring command,$(origin CALLS)),$(CALLS),100000)' '$(if $(findstring command,$(origin SEED)),$(SEED),1)'
check-citus:
	@sh test/citus/run.sh
check-sequences:
	@sh test/sequences.sh '$(if $(findstring command,$(origin N)),$(N),200)' '$(if $(findstring command,$(origin SEED)),$(SEED),1)'
test-clean:
	@sh test/clean.sh
lint:
	@sh test/lint/run.sh
format:
	@sh test/lint/format.sh
bench:
	@sh test/bench.sh $(if $(findstring command,$(origin NAME)),$(NAME))
hook:
	@sh test/hook.sh

# What is committed, in a folder of the name and version, as PGXN wants it.
DIST = $(EXTENSION)-$(EXTVERSION).zip
dist:
	@git rev-parse --git-dir > /dev/null 2>&1 || { \
	    echo "crmcost: make dist packs what is committed, and this is no git repository: clone one" >&2; exit 2; }
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ --output='$(DIST)' HEAD
