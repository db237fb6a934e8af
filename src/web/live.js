// SPDX-License-Identifier: ISC
// What the server tells as it happens: by server-sent events, or by asking for
// the same documents time and again where those don't come through.

const QUIET = 6000;   // ms without an event, after which we ask
const POLL = 2000;    // ms between questions
const RETRY = 30000;  // ms until events are tried again
const PATIENCE = 8000; // ms that an answer may take
const SLOWEST = 15000; // ms between questions that fail
const CATCH_UP = 100; // events and lines that one question asks for

// The server's fault, or the network's, and none of ours.
export class NoAnswer extends Error {}

// A document; NoAnswer is thrown if there is none.
export async function ask(path)
{
	try {
		const response = await fetch(path, {
			cache: "no-store",
			headers: {Accept: "application/json"},
			signal: AbortSignal.timeout(PATIENCE),
		});

		if (response.ok)
			return await response.json();
		throw new Error(`${response.status} ${response.statusText}`);
	} catch (error) {
		throw new NoAnswer(error.message);
	}
}

export const pathOf = (name, parameters) =>
    `${name}?${new URLSearchParams(parameters)}`;

// Events: "overview", "history", "log", "service", each with the document in
// detail; "state" when live.state has changed: "starting", "live", "polling",
// "lost".
class Live extends EventTarget {
	state = "starting";
	since = Date.now(); // of the state
	error = "";
	#service = null; // the id of that which is looked at closely
	#source = null;
	#watch = null;
	#poll = null;
	#retry = null;
	#failures = 0;
	#number = 0; // of the last event of the history
	#lines = new Set(); // of the log, as far as it was asked for
	#heard = 0;

	start()
	{
		this.#connect();
		this.#first();
		// Browsers share a few connections among all tabs of a server,
		// and the server has not many either.
		document.addEventListener("visibilitychange", () => {
			if (document.hidden)
				this.#rest();
			else if (this.#source === null)
				this.#connect();
		});
	}

	// Something to show, whatever becomes of the events.
	async #first()
	{
		try {
			this.tell("overview", await ask("overview.json"));
		} catch {
			// The events, or their failure, will say.
		}
	}

	#rest()
	{
		this.#disconnect();
		clearTimeout(this.#poll);
		this.#poll = null;
	}

	// Be told of this service, too; null for none.
	follow(service)
	{
		if (service === this.#service)
			return;
		this.#service = service;
		if (this.#source !== null)
			this.#connect();
	}

	tell(name, document)
	{
		if (name === "history" && document.number > this.#number)
			this.#number = document.number;
		this.dispatchEvent(new CustomEvent(name, {detail: document}));
	}

	#set(state, error = "")
	{
		this.error = error;
		if (state === this.state)
			return;
		this.state = state;
		this.since = Date.now();
		this.dispatchEvent(new Event("state"));
	}

	#connect()
	{
		const path = this.#service === null ? "events" :
		    pathOf("events", {service: this.#service});
		const source = new EventSource(path);

		this.#disconnect();
		this.#source = source;
		this.#heard = Date.now();
		for (const name of ["overview", "history", "log", "service"])
			source.addEventListener(name, (event) =>
			    this.#take(source, name, event.data));
		source.onerror = () => {
			// What the browser won't try again.
			if (source === this.#source &&
			    source.readyState === EventSource.CLOSED)
				this.#fall();
		};
		this.#watch = setInterval(() => {
			if (Date.now() - this.#heard > QUIET)
				this.#fall();
		}, 1000);
	}

	#disconnect()
	{
		this.#source?.close();
		this.#source = null;
		clearInterval(this.#watch);
		clearTimeout(this.#retry);
	}

	#take(source, name, text)
	{
		let document;

		if (source !== this.#source)
			return;
		this.#heard = Date.now();
		try {
			document = JSON.parse(text);
		} catch {
			return;
		}
		clearTimeout(this.#poll);
		this.#poll = null;
		this.#failures = 0;
		this.#set("live");
		this.tell(name, document);
	}

	// Ask, until events come again.
	#fall()
	{
		this.#disconnect();
		this.#retry = setTimeout(() => this.#connect(), RETRY);
		if (this.#poll === null)
			this.#question();
	}

	async #question()
	{
		let wait = POLL;

		this.#poll = 0;
		try {
			await this.#look();
			this.#failures = 0;
		} catch (error) {
			wait = Math.min(POLL * 2 ** this.#failures++, SLOWEST);
			if (this.#poll !== null)
				this.#set("lost", error.message);
		}
		// An event may have come meanwhile.
		if (this.#poll !== null)
			this.#poll = setTimeout(() => this.#question(), wait);
	}

	async #look()
	{
		this.tell("overview", await ask("overview.json"));
		if (this.#poll === null)
			return;
		this.#set("polling");
		if (this.#service !== null)
			await this.#lookAtService();
		const limit = {limit: CATCH_UP};
		const history = await ask(pathOf("history.json", limit));
		const log = await ask(pathOf("log.json", limit));

		for (const event of history.history ?? [])
			if (event.number > this.#number)
				this.tell("history", event);
		this.#tellLines(log.log ?? []);
	}

	// It may be in the configuration no more.
	async #lookAtService()
	{
		try {
			this.tell("service", await ask(pathOf("service.json",
			    {id: this.#service})));
		} catch {
			// The overview says so, too.
		}
	}

	// Lines have no number: those of the answer before are known.
	#tellLines(lines)
	{
		const known = this.#lines;

		this.#lines = new Set();
		for (const line of lines) {
			const key = `${line.at} ${line.text}`;

			this.#lines.add(key);
			if (!known.has(key))
				this.tell("log", line);
		}
	}
}

export const live = new Live();
