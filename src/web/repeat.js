// SPDX-License-Identifier: ISC
// Doing something time and again while the page is looked at.

import {report} from "./guard.js";
import {NoAnswer} from "./live.js";

const SLOWEST = 30000; // ms between tries of what fails

// Run f, which may be asynchronous and may fail, now and each so many
// milliseconds after it has ended.  The function that is returned ends it.
export function repeat(f, milliseconds)
{
	let timer = null, stopped = false;

	async function once()
	{
		try {
			if (!document.hidden)
				await f();
		} catch (error) {
			// What does not answer is told on top of the page.
			if (!(error instanceof NoAnswer) && !stopped)
				report(error);
		}
		if (!stopped)
			timer = setTimeout(once, milliseconds);
	}

	once();
	return () => {
		stopped = true;
		clearTimeout(timer);
	};
}

// Run f until it has succeeded once; onfail(error) is told of each answer that
// did not come.  The function that is returned ends it.
export function insist(f, onfail = () => {})
{
	let timer = null, stopped = false, wait = 1000;

	async function once()
	{
		try {
			await f();
		} catch (error) {
			if (stopped)
				return;
			if (!(error instanceof NoAnswer)) {
				report(error);
				return;
			}
			onfail(error);
			timer = setTimeout(once, wait);
			wait = Math.min(2 * wait, SLOWEST);
		}
	}

	once();
	return () => {
		stopped = true;
		clearTimeout(timer);
	};
}
