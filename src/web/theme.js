// SPDX-License-Identifier: ISC
// Light or dark, as chosen here before: ahead of the first paint, so that a
// page in the other colours does not flash up.  Not a module, for that reason.
"use strict";
try {
	const chosen = localStorage.getItem("vc5d.theme");

	if (chosen === "light" || chosen === "dark")
		document.documentElement.dataset.theme = chosen;
} catch {
	// Storage may be forbidden: then the system's choice it is.
}
