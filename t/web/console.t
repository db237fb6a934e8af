#!/bin/sh
# SPDX-License-Identifier: ISC
# The console in a real browser, with documents that are made up: console.mjs.
exec "$(dirname "$0")/run" console.mjs
