#!/bin/sh
# SPDX-License-Identifier: ISC
# Write the C source of web_files (web.h) with what is in the files given:
#
#	embed.sh FILE...
#
# A file's path in URLs is its name, and "/" for console.html.
set -eu
LC_ALL=C
export LC_ALL

type_of()
{
	case $1 in
	*.html) echo 'text/html; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.svg) echo 'image/svg+xml' ;;
	*)
		echo "embed.sh: $1: of what type is this?" >&2
		return 1
		;;
	esac
}

path_of()
{
	case $1 in
	*/console.html) echo / ;;
	*) echo "/${1##*/}" ;;
	esac
}

bytes_of()
{
	od -A n -v -t x1 "$1" | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'
}

# What is missing is said before anything is written.
for file; do
	[ -s "$file" ] || {
		echo "embed.sh: $file: missing or empty" >&2
		exit 1
	}
	type=$(type_of "$file")
done

echo '/* Made by embed.sh: change the files that it was made from. */'
echo
echo '#include "web/web.h"'
number=0
for file; do
	number=$((number + 1))
	printf '\nstatic const unsigned char file_%d[] = {\n' $number
	bytes_of "$file"
	echo '};'
done
printf '\nconst struct web_file web_files[] = {\n'
number=0
for file; do
	number=$((number + 1))
	type=$(type_of "$file")
	printf '\t{"%s", "%s", file_%d, sizeof(file_%d)},\n' \
	    "$(path_of "$file")" "$type" $number $number
done
echo '};'
printf '\nconst size_t web_file_count = %d;\n' $number
