# Sourced by the scripts that measure a package of PyPI: gives them its Python in
# $python, on one thread, and in $data an empty directory that goes with the
# script.  Where pip cannot install it the script ends with 77, after one line.
#
#   peer FILE FOLDER MODULES REQUIREMENT ...
#
# MODULES are what is there once it is installed, as import takes them.
peer()
{
	_file=$1 _folder=$2 _modules=$3
	shift 3
	_venv=../build/$_folder
	if ! "$_venv/bin/python" -c "import $_modules" 2> /dev/null; then
		rm -rf "$_venv"
		mkdir -p ../build
		{ python3 -m venv "$_venv" && "$_venv/bin/pip" install -q --retries 1 \
			--timeout 30 --disable-pip-version-check "$@"; } \
			> "../build/$_folder.log" 2>&1 || {
			rm -rf "$_venv"
			echo "$_file: skipped, pip could not install $* from PyPI"
			exit 77
		}
	fi
	python=$_venv/bin/python
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
	export OMP_NUM_THREADS OPENBLAS_NUM_THREADS

	data=$(mktemp -d)
	trap 'rm -rf "$data"' EXIT
	trap 'exit 130' INT TERM HUP
}
