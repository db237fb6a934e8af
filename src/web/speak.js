// SPDX-License-Identifier: ISC
// What screen readers say of their own accord: what has gone wrong or is well
// again, in a sentence, and nothing twice.

import {setText, visible} from "./dom.js";
import {serviceKey} from "./model.js";

const PAUSE = 5000; // ms between sentences
const FEW = 3;      // things that are told one by one
const LONG = 160;   // characters of one that are said

const short = (text) => {
	text = visible(text);
	return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
};

// What is wrong: a key for each, and its words.  Numbers in a text may change
// all the time, and make no other thing of it.
function wrongs(document)
{
	const all = new Map();

	for (const alert of document.alerts ?? [])
		all.set(`alert ${alert.id}`, `${alert.severity} alert, ` +
		    `${alert.id}: ${alert.text}`);
	for (const service of document.services ?? [])
		if (!service.ok)
			all.set(`service ${serviceKey(service)}`, "service " +
			    `${service.name || serviceKey(service)} is not ok`);
	for (const text of [...document.problems ?? [],
		...document.config?.errors ?? []]) {
		let key = `problem ${String(text).replace(/\d+/g, "#")}`;

		while (all.has(key))
			key += "+";
		all.set(key, `problem: ${text}`);
	}
	return all;
}

function list(words, texts)
{
	if (texts.length === 0)
		return "";
	return texts.length <= FEW ? `${words}: ${texts.map(short).join("; ")}.` :
	    `${words}: ${texts.length}, the first is ${short(texts[0])}.`;
}

export class Speaker {
	#polite;
	#urgent;
	#said = null; // what was known to be wrong when it was last spoken
	#now = null;
	#timer = null;

	// Two elements: what is said in them waits for the reader to end, or
	// does not.
	constructor(polite, urgent)
	{
		this.#polite = polite;
		this.#urgent = urgent;
	}

	// What was so when the page was opened is there to be read.
	overview(document)
	{
		this.#now = wrongs(document);
		this.#said ??= this.#now;
		if (this.#timer === null)
			this.#speak();
	}

	// Does vc5d answer?
	connection(answers)
	{
		setText(this.#urgent, answers ? "" : "vc5d does not answer.");
	}

	#speak()
	{
		const fresh = [...this.#now].filter(([key]) =>
		    !this.#said.has(key)).map(([, text]) => text);
		const over = [...this.#said].filter(([key]) =>
		    !this.#now.has(key)).map(([, text]) => text);
		const text = [list("New", fresh), list("Over", over)]
		    .filter((sentence) => sentence !== "").join(" ");

		this.#said = this.#now;
		if (text === "")
			return;
		setText(this.#polite, text);
		// Said again later, it has to be a change again.
		this.#timer = setTimeout(() => {
			this.#timer = null;
			setText(this.#polite, "");
			this.#speak();
		}, PAUSE);
	}
}
