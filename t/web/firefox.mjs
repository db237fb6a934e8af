// SPDX-License-Identifier: ISC
// The console in Firefox, by WebDriver BiDi (W3C): every view in both colour
// schemes, without an error; events come, and a server that dies is seen.

import {spawn} from "node:child_process";
import {mkdtempSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {StandIn} from "./stand_in.mjs";
import {all, done, eventually, is, ok, witness} from "./tap.mjs";
import {HOSTILE, world} from "./world.mjs";

const require = createRequire(`${process.env.VC5_WEB_MODULES}/`);
const {WebSocket} = require("ws");
const WEB = `${process.env.VC5_SRC}/src/web`;
const SERVICE = `#/service/${encodeURIComponent("192.0.2.1:80/tcp")}`;
const SHOWN = HOSTILE.replace("\u001b", "\\u001b")
    .replace("\u202e", "\\u202e").replace("\u0000", "\\u0000");

// Each view, and what it has to have.
const VIEWS = [["#/", "Traffic out"], ["#/services", "192.0.2.1"],
	[SERVICE, "no route to the server"], ["#/vip/192.0.2.1", "AS 64496"],
	["#/backends", "198.51.100.22"],
	["#/backend/198.51.100.22", "up in 0 of 2"],
	["#/history", "bad status"], ["#/log", "check failed"],
	["#/prefixes", "203.0.112.0/20"], ["#/system", "signal 11"]];

const PREFERENCES = {
	"browser.shell.checkDefaultBrowser": false,
	"datareporting.policy.dataSubmissionEnabled": false,
	"app.update.disabledForTesting": true,
	"network.manage-offline-status": false,
	"network.proxy.type": 0, // none
	"layout.css.prefers-color-scheme.content-override": 1, // light
};

// A browser with one page: command(method, parameters), and what it logs.
class Firefox {
	errors = [];
	#waiting = new Map(); // id: {resolve, reject}
	#id = 0;

	async start()
	{
		this.directory = mkdtempSync(`${tmpdir()}/vc5-firefox-`);
		writeFileSync(`${this.directory}/user.js`, Object.entries(
		    PREFERENCES).map(([name, value]) => `user_pref("${name}", ` +
			`${JSON.stringify(value)});\n`).join(""));
		this.process = spawn(process.env.VC5_FIREFOX, ["--headless",
			"--no-remote", "--profile", this.directory,
			"--remote-debugging-port", "0", "about:blank"],
		    {env: {...process.env, HOME: this.directory},
			stdio: ["ignore", "ignore", "pipe"]});
		this.ended = new Promise((end) => this.process.once("exit", end));
		await this.#connect(await this.#address());
		await this.command("session.new", {capabilities: {}});
		await this.command("session.subscribe",
		    {events: ["log.entryAdded"]});
		const {context} = await this.command("browsingContext.create",
		    {type: "tab"});

		this.context = context;
	}

	// It says on its standard error where it listens.
	#address()
	{
		return new Promise((resolve, reject) => {
			let text = "";

			this.process.stderr.on("data", (data) => {
				text += data;
				const [, found] =
				    /BiDi listening on (ws:\/\/\S+)/.exec(text) ??
				    [];

				if (found !== undefined)
					resolve(`${found}/session`);
			});
			this.ended.then(() => reject(new Error(text)));
		});
	}

	#connect(address)
	{
		this.socket = new WebSocket(address);
		this.socket.on("message", (data) => this.#hear(JSON.parse(data)));
		return new Promise((resolve, reject) => {
			this.socket.once("open", resolve);
			this.socket.once("error", reject);
		});
	}

	#hear({id, type, result, error, message, params})
	{
		if (type === "event") {
			if (["error", "warn"].includes(params.level))
				this.errors.push(params.text);
			return;
		}
		const {resolve, reject} = this.#waiting.get(id) ?? {};

		this.#waiting.delete(id);
		if (type === "success")
			resolve?.(result);
		else
			reject?.(new Error(`${error}: ${message}`));
	}

	command(method, params)
	{
		const id = ++this.#id;

		this.socket.send(JSON.stringify({id, method, params}));
		return new Promise((resolve, reject) =>
		    this.#waiting.set(id, {resolve, reject}));
	}

	open(url)
	{
		return this.command("browsingContext.navigate",
		    {context: this.context, url, wait: "complete"});
	}

	// A string, number or boolean that the expression gives in the page.
	async evaluate(expression)
	{
		const {type, result, exceptionDetails} = await this.command(
		    "script.evaluate", {expression, awaitPromise: true,
			target: {context: this.context}});

		if (type !== "success")
			throw new Error(exceptionDetails.text);
		return result.value;
	}

	async end()
	{
		this.process.kill();
		await this.ended;
		rmSync(this.directory, {recursive: true, force: true});
	}
}

const server = new StandIn(WEB, world());
const browser = new Firefox();
const text = (selector) => browser.evaluate(
    `document.querySelector(${JSON.stringify(selector)}).innerText`);
const has = async (words, selector = "main") =>
    (await text(selector)).includes(words);
const go = (hash) => browser.evaluate(
    `void (location.hash = ${JSON.stringify(hash)})`);

async function views()
{
	for (const [scheme, light] of [["light", true], ["dark", false]]) {
		await browser.evaluate(`{
			const choice = document.querySelector("#theme");
			choice.value = "${scheme}";
			choice.dispatchEvent(new Event("change"));
		}`);
		for (const [hash, words] of VIEWS) {
			await go(hash);
			await eventually(`${hash} is there, ${scheme}`, () =>
			    has(words));
		}
		const [red] = /\d+/.exec(await browser.evaluate(
		    "getComputedStyle(document.body).backgroundColor"));

		is(red > 127, light, `it is ${scheme}`);
	}
	is(await browser.evaluate("String(window.harmed)"), "undefined",
	    "nothing hostile has run");
}

async function events()
{
	await go(SERVICE);
	await eventually("events come", () => has("live", "#connection"));
	await eventually("hostile text is text", () => has(SHOWN));
	const row = "[...document.querySelectorAll('tr.row')]" +
	    ".find((row) => row.innerText.includes('198.51.100.21'))";

	await eventually("a server is up", () => browser.evaluate(
	    `${row}.querySelector(".good") !== null`));
	server.world.services[0].destinations[0].state = "down";
	await eventually("that it dies is seen", () => browser.evaluate(
	    `${row}.querySelector(".bad") !== null`));
	await go("#/prefixes");
	await eventually("the map is drawn", () => browser.evaluate(`{
		const canvas = document.querySelector(".map canvas");
		const {data} = canvas.getContext("2d").getImageData(0, 0,
		    canvas.width, canvas.height);
		new Set(new Uint32Array(data.buffer)).size > 20;
	}`));
}

// One file that does not come takes all with it, here too.
async function loading()
{
	server.spoilt.set("/map.js", ["503"]);
	await browser.open(`${server.url}?again#/prefixes`);
	await eventually("what does not come is loaded anew", () =>
	    has("203.0.112.0/20"));
	is(server.asked.get("/map.js"), 3, "by the page itself");
}

await server.listen();
witness(() => text("main").then((words) => words.slice(0, 800)));
witness(() => browser.errors.join("\n"));
await browser.start();
await browser.open(server.url);
await all([views, events]);
is(browser.errors, [], "Firefox complains of nothing");
await all([loading]);
await browser.end();
ok(true, "it has ended");
server.close();
done();
