#!/bin/sh
# Make ./configure from a checkout; a release's tarball has it already.
set -e
cd "$(dirname "$0")"
command -v autoreconf >/dev/null || {
	echo "autogen.sh: autoreconf is missing (Debian packages autoconf," \
	    "automake)" >&2
	exit 1
}
exec autoreconf --install --force --warnings=all
