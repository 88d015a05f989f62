# The account that runs servers: ours, or Debian's postgres when we are root.
# Source this file, then call its functions.
#
#   server_account            its name
#   as_server COMMAND ...     run as that account; paths must be absolute

server_account()
{
	if [ "$(id -u)" = 0 ]; then echo postgres; else id -un; fi
}

as_server()
{
	if [ "$(id -u)" = 0 ]; then
		(cd / && runuser -u postgres -- "$@")	# it may not see where we are
	else
		"$@"
	fi
}
