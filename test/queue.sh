# The files of pgTAP, in a queue that workers empty, one for each processor: source
# this file, with test/house.sh and test/cluster.sh, then call its functions.
#
#   queue_files FILE ...    what is to be run: once, and again with every query
#                           that may go to a worker sent to one
#   queue_templates         what each file's database is a copy of
#   queue_workers           how many there are to be, two at least
#   queue_work N            as the Nth, take what is left until nothing is
#   queue_end               put what all have printed together
#
# $base/queue has a line for each run, $base/taken a folder for each that a worker
# has taken, $log/SUITE.N what was printed.
#
# An extension and a ledger take longer to make than most tests to run.  So a whole
# run makes them once, and gives each file a copy of the database where it finds
# what it begins with.  Run by name (make test ONE=...) or by hand, a file makes all
# itself, in its transaction.

# The longest first, so that all workers end at about the same time.
longest='concordance row_type ledger_clv ledger_cycle ledger_acquisition ledger_loyalty ledger_sequence'

queue_files()
{
	rm -rf "$base/queue" "$base/taken" "$base/prepared"
	mkdir "$base/taken"
	for _file; do
		_rank=98 _place=10
		for _name in $longest; do
			_place=$((_place + 1))
			[ "$_file" != "test/pgtap/$_name.sql" ] || _rank=$_place
		done
		if [ $_rank = 98 ] && makes_roles "$_file"; then _rank=90; fi
		echo "$_rank pgtap $_file"
		# not what would start a worker for each row; ledger_parallel sees to ledgers
		case ${_file##*/} in
			concordance.sql | ledger_*.sql | spread.sql | states.sql | states_stored.sql) ;;
			*) echo "99 pgtap_parallel $_file" ;;
		esac
	done | sort -s -k 1,1 | cut -d ' ' -f 2- > "$base/queue"
}

# The file itself, and what it runs on another ledger.
text_of()			# text_of FILE
{
	cat "$1"
	case $1 in *_plain.sql) cat "${1%_plain.sql}.sql" ;; esac
}

# row_type alters types by the hundred, and takes them back: of an extension that is
# committed that takes 25 times as long as of one that its transaction has made.
begins_with()			# begins_with FILE
{
	if [ "${1##*/}" = row_type.sql ] || ! text_of "$1" | grep -q '^\\ir .*setup\.psql'; then
		echo nothing
	elif ! text_of "$1" | grep -q '^\\ir ledger_setup\.psql'; then
		echo extension
	elif text_of "$1" | grep -q '^\\set partitioned false'; then
		echo plain
	else
		echo partitioned
	fi
}

queue_templates()
{
	for _template in nothing extension plain partitioned; do
		_psql "CREATE DATABASE $_template" postgres
	done
	_psql 'CREATE EXTENSION pgtap; CREATE EXTENSION crmcost' extension
	_psql 'CREATE EXTENSION pgtap' plain -v partitioned=false -f test/pgtap/ledger_install.psql
	_psql 'CREATE EXTENSION pgtap' partitioned -v partitioned=true -f test/pgtap/ledger_install.psql
	touch "$base/prepared"
}

_psql()				# _psql COMMAND DATABASE [OPTION ...]
{
	_command=$1
	_database=$2
	shift 2
	PGOPTIONS='-c client_min_messages=warning' "$("$PG_CONFIG" --bindir)/psql" \
		-Xq -v ON_ERROR_STOP=1 -d "$_database" -c "$_command" "$@"
}

prove_file()			# prove_file N FILE
{
	_file=$2
	set -- "tapdb$1"
	if [ -e "$base/prepared" ]; then
		_template=$(begins_with "$_file")
		_psql "DROP DATABASE IF EXISTS $1" postgres
		_psql "CREATE DATABASE $1 TEMPLATE $_template STRATEGY file_copy" postgres || return 1
		case $_template in
			plain | partitioned) set -- "$1" --set prepared=true ;;
		esac
	else
		_psql "CREATE DATABASE $1" postgres 2> /dev/null || true	# it may be there
	fi
	pg_prove -v --timer -d "$@" "$_file"
}

queue_workers()
{
	_n=$(nproc)
	echo $((_n < 2 ? 2 : _n > 8 ? 8 : _n))
}

# Roles belong to all databases: tests that make some are left to the first worker,
# which begins with them.
makes_roles()			# makes_roles FILE
{
	text_of "$1" | grep -q 'CREATE ROLE'
}

queue_work()
{
	while read -r _suite _file; do
		if [ "$1" != 1 ] && makes_roles "$_file"; then continue; fi
		mkdir "$base/taken/$_suite-${_file##*/}" 2> /dev/null || continue
		(
			[ "$_suite" = pgtap ] || export PGOPTIONS="-c $(setting_of_workers)=on"
			prove_file "$1" "$_file" < /dev/null
		) >> "$log/$_suite.$1" 2>&1 || echo 1 > "$log/$_suite.exit"
		touch "$base/taken/$_suite-${_file##*/}/done"
	done < "$base/queue"
}

# force_parallel_mode was renamed in 16.
setting_of_workers()
{
	if [ "$(server_major)" -ge 16 ]; then
		echo debug_parallel_query
	else
		echo force_parallel_mode
	fi
}

queue_end()
{
	for _suite in $(cut -d ' ' -f 1 "$base/queue" | sort -u); do
		cat "$log/$_suite".[1-9] > "$log/$_suite" 2> /dev/null || true
		[ -e "$log/$_suite.exit" ] || echo 0 > "$log/$_suite.exit"
	done
	# a worker that was lost took a file with it
	while read -r _suite _file; do
		[ -e "$base/taken/$_suite-${_file##*/}/done" ] || {
			echo "not ok - $_file did not come to its end" >> "$log/$_suite"
			echo 1 > "$log/$_suite.exit"
		}
	done < "$base/queue"
}
