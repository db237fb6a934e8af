// SPDX-License-Identifier: ISC
// TAP: one line for each test, and waiting for conditions.  What fails tells
// what there was to be seen.

import {AsyncLocalStorage} from "node:async_hooks";

let number = 0, failed = 0;
const tests = new AsyncLocalStorage(); // the witnesses of the test that runs
const others = []; // and those of all

// f, which may be asynchronous, gives a text to be shown when a test fails that
// runs now, or when any does if none runs.
export function witness(f)
{
	(tests.getStore() ?? others).push(f);
}

async function explain()
{
	for (const f of [...others, ...tests.getStore() ?? []])
		try {
			const text = await f();

			if (text !== "")
				note(text);
		} catch (error) {
			note(`nothing can be seen: ${error.message}`);
		}
}

function record(passed, name, ...details)
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

// The next command to the page waits for what is asked to explain a failure.
export function ok(passed, name, ...details)
{
	if (!passed)
		void explain();
	return record(passed, name, ...details);
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
			if (Date.now() > until) {
				record(false, name, error.stack);
				await explain();
				return false;
			}
		}
		if (last)
			return ok(true, name);
		if (Date.now() > until) {
			record(false, name, `last seen: ${last}`);
			await explain();
			return false;
		}
		await new Promise((done) => setTimeout(done, 50));
	}
}

// Run these; an exception is a failure, and doesn't keep the others from it.
export async function all(list)
{
	for (const test of list) {
		const start = Date.now();

		await tests.run([], async () => {
			try {
				await test();
			} catch (error) {
				record(false, `${test.name} comes to its end`,
				    error.stack);
				await explain();
			}
		});
		note(`${test.name}: ${(Date.now() - start) / 1000} seconds`);
	}
}

export function done()
{
	console.log(`1..${number}`);
	process.exit(failed > 0 ? 1 : 0);
}
