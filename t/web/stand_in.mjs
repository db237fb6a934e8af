// SPDX-License-Identifier: ISC
// A server that stands in for vc5d: it serves the real files of src/web and
// documents of a made-up world, and can fail as servers do.

import {createServer} from "node:http";
import {readFileSync} from "node:fs";
import {destinations, overview, series} from "./world.mjs";

const TYPES = {html: "text/html; charset=utf-8",
	css: "text/css; charset=utf-8", svg: "image/svg+xml",
	js: "text/javascript; charset=utf-8"};

const HEADERS = {
	"Content-Security-Policy": "default-src 'self'; base-uri 'none'; " +
	    "form-action 'none'; frame-ancestors 'none'",
	"Cache-Control": "no-store",
	"Referrer-Policy": "no-referrer",
	"X-Content-Type-Options": "nosniff",
};

export class StandIn {
	mode = "live"; // "quiet": no events come; "dead": nothing answers
	asked = new Map(); // path: how often
	spoilt = new Map(); // path: how the next requests for it fail, a list
	                    // of "503" and "cut"
	#listeners = new Set(); // {response, service}

	constructor(web, world)
	{
		this.web = web;
		this.world = world;
		this.server = createServer((request, response) =>
		    this.#answer(request, response));
		this.timer = setInterval(() => this.#tick(), 250);
	}

	async listen()
	{
		await new Promise((done) =>
		    this.server.listen(0, "127.0.0.1", done));
		this.url = `http://127.0.0.1:${this.server.address().port}/`;
	}

	close()
	{
		clearInterval(this.timer);
		this.server.closeAllConnections();
		this.server.close();
	}

	setMode(mode)
	{
		this.mode = mode;
		if (mode !== "live")
			for (const {response} of this.#listeners)
				response.destroy();
	}

	// One event of the history, or a line of the log.
	tell(name, document)
	{
		if (name === "history")
			this.world.history.push(document);
		if (name === "log")
			this.world.log.push(document);
		this.#send(name, document);
	}

	#send(name, document, wanted = () => true)
	{
		for (const listener of this.#listeners)
			if (wanted(listener))
				listener.response.write(`event: ${name}\n` +
				    `data: ${JSON.stringify(document)}\n\n`);
	}

	#tick()
	{
		this.world.ticks++;
		if (this.#listeners.size === 0)
			return;
		this.#send("overview", overview(this.world));
		for (const service of this.world.services)
			this.#send("service", {version: 1, ...service},
			    (listener) => listener.service === service.id);
	}

	#document(url)
	{
		const {world} = this, get = (name) => url.searchParams.get(name);
		const limit = Number(get("limit") ?? 1000);
		const subject = get("subject");

		switch (url.pathname) {
		case "/overview.json":
			return overview(world);
		case "/service.json": {
			const service = world.services.find((s) =>
			    s.id === get("id"));
			return service && {version: 1, ...service};
		}
		case "/destinations.json":
			return destinations(world);
		case "/series.json":
			return series(world, get("service"));
		case "/history.json":
			return {version: 1, history: world.history.filter(
			    (event) => subject === null || event.subject
				.split(" ").includes(subject)).slice(-limit)};
		case "/log.json":
			return {version: 1, log: world.log.slice(-limit)};
		case "/prefixes.json":
			return world.prefixes;
		case "/config.json":
			return {bgp: {password: "********"}};
		default:
			return undefined;
		}
	}

	#answer(request, response)
	{
		const url = new URL(request.url, "http://stand-in");
		const name = url.pathname === "/" ? "console.html" :
		    url.pathname.slice(1);

		this.asked.set(url.pathname,
		    (this.asked.get(url.pathname) ?? 0) + 1);
		const spoilt = this.mode === "dead" ? "cut" :
		    this.spoilt.get(url.pathname)?.shift();

		if (spoilt === "cut") {
			response.destroy();
			return;
		}
		if (spoilt === "503") {
			response.writeHead(503, HEADERS);
			response.end();
			return;
		}
		if (url.pathname === "/events") {
			this.#events(url, response);
			return;
		}
		const document = this.#document(url);
		if (document !== undefined) {
			response.writeHead(200, {...HEADERS,
				"Content-Type": "application/json"});
			response.end(JSON.stringify(document));
			return;
		}
		try {
			const type = TYPES[name.split(".").pop()];
			const data = readFileSync(`${this.web}/` +
			    name.replaceAll("/", ""));

			response.writeHead(200, {...HEADERS,
				"Content-Type": type ?? "text/plain"});
			response.end(data);
		} catch {
			response.writeHead(404, HEADERS);
			response.end("404 Not Found\n");
		}
	}

	#events(url, response)
	{
		const listener = {response,
			service: url.searchParams.get("service")};

		if (this.mode === "refuse") {
			response.writeHead(503, HEADERS);
			response.end();
			return;
		}
		response.writeHead(200, {...HEADERS,
			"Content-Type": "text/event-stream"});
		response.write("retry: 1000\n\n");
		if (this.mode === "quiet")
			return;
		this.#listeners.add(listener);
		response.on("close", () => this.#listeners.delete(listener));
	}
}
