#!/bin/sh
# SPDX-License-Identifier: ISC
# The console in a real browser: console.mjs.
set -u

# shellcheck source=t/web/web.sh
. "$(dirname "$0")/web.sh"

exec "$web_node" "$VC5_SRC/t/web/console.mjs"
