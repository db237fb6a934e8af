// SPDX-License-Identifier: ISC
// When something fails here, the rest goes on, and it is told.

// Whoever draws the page hears of the error as an event "fault".
export function report(error)
{
	dispatchEvent(new CustomEvent("fault", {detail: error}));
}

// Do this for all of the list, though some of it fail; then fail as the first.
export function forAll(list, f)
{
	const errors = [];

	for (const item of list)
		try {
			f(item);
		} catch (error) {
			errors.push(error);
		}
	if (errors.length > 0)
		throw errors[0];
}
