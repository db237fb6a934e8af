// SPDX-License-Identifier: ISC
// TAP: one line for each test, and waiting for conditions.

let number = 0, failed = 0;

export function ok(passed, name, ...details)
{
	console.log(`${passed ? "" : "not "}ok ${++number} - ${name}`);
	if (!passed) {
		failed++;
		for (const detail of details)
			note(typeof detail === "string" ? detail :
			    JSON.stringify(detail, null, 1));
	}
	return passed;
}

export function is(got, expected, name)
{
	const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];

	return ok(a === b, name, `got      ${a}`, `expected ${b}`);
}

export function note(text)
{
	for (const line of String(text).split("\n"))
		console.log(`# ${line}`);
}

const PATIENCE = Number(process.env.VC5_PATIENCE ?? 30) * 1000; // ms

// A test: the condition, which may be asynchronous, holds in the end.
export async function eventually(name, condition)
{
	const until = Date.now() + PATIENCE;
	let last;

	for (;;) {
		try {
			last = await condition();
		} catch (error) {
			last = undefined;
			if (Date.now() > until)
				return ok(false, name, error.stack);
		}
		if (last)
			return ok(true, name);
		if (Date.now() > until)
			return ok(false, name, `last seen: ${last}`);
		await new Promise((done) => setTimeout(done, 50));
	}
}

// Run these; an exception is a failure, and doesn't keep the others from it.
export async function all(tests)
{
	for (const test of tests) {
		const start = Date.now();

		try {
			await test();
		} catch (error) {
			ok(false, `${test.name} comes to its end`, error.stack);
		}
		note(`${test.name}: ${(Date.now() - start) / 1000} seconds`);
	}
}

export function done()
{
	console.log(`1..${number}`);
	process.exit(failed > 0 ? 1 : 0);
}
