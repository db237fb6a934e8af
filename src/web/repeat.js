// SPDX-License-Identifier: ISC
// Doing something time and again while the page is looked at.

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
		} catch {
			// What does not answer is told on top of the page.
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
