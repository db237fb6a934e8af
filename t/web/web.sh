# SPDX-License-Identifier: ISC
# What the tests of the console need: a browser, and what npm installs of
# package-lock.json into the build's directory.  Sourced; the tests are left
# out, with the reason, where that can't be had.
# shellcheck shell=sh

VC5_SRC=${VC5_SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
VC5_BUILD=$(cd "${VC5_BUILD:-.}" && pwd)
VC5_WEB_MODULES=$VC5_BUILD/t/web/modules
export VC5_SRC VC5_BUILD VC5_WEB_MODULES

leave_out()
{
	echo "1..0 # SKIP $*"
	exit 0
}

find_program()
{
	for program; do
		command -v "$program" && return
	done
	return 1
}

web_node=$(find_program nodejs node) ||
    leave_out 'node is not installed (Debian package nodejs)'
"$web_node" -e 'process.exit(process.versions.node.split(".")[0] >= 18 ? 0 : 1)' ||
    leave_out "$web_node is older than version 18"
VC5_CHROMIUM=$(find_program chromium chromium-browser) ||
    leave_out 'chromium is not installed'
export VC5_CHROMIUM
npm=$(find_program npm) ||
    leave_out 'npm is not installed'

# Only one test at a time installs, and only what has changed.
web_modules()
{
	mkdir -p "$VC5_WEB_MODULES" || return
	(
		flock -w 300 9 || exit
		cd "$VC5_WEB_MODULES" || exit
		cmp -s "$VC5_SRC/t/web/package-lock.json" \
		    installed/package-lock.json && exit
		rm -rf installed
		cp "$VC5_SRC/t/web/package.json" \
		    "$VC5_SRC/t/web/package-lock.json" . || exit
		# In a read-only tree the copies are read-only, too.
		chmod u+w package.json package-lock.json
		"$npm" ci --ignore-scripts --no-audit --no-fund \
		    --cache "$VC5_WEB_MODULES/cache" >npm.log 2>&1 || exit
		mkdir installed && cp package-lock.json installed/
	) 9>"$VC5_WEB_MODULES/lock"
}

web_modules || {
	sed 's/^/# /' "$VC5_WEB_MODULES/npm.log" 2>/dev/null
	leave_out 'npm could not install what the tests need'
}
