#!/bin/sh
# SPDX-License-Identifier: ISC
# The console in Firefox, with documents that are made up: firefox.mjs.
VC5_FIREFOX=$(command -v firefox-esr || command -v firefox) || {
	echo '1..0 # SKIP Firefox is not installed (Debian package firefox-esr)'
	exit 0
}
export VC5_FIREFOX
exec "$(dirname "$0")/run" firefox.mjs
