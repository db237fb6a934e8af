// SPDX-License-Identifier: ISC
// What fails around the console and in it: servers, requests for its own files,
// pictures, and documents that are not what they should be.

import {go, has, open, text} from "./browser.mjs";
import {StandIn} from "./stand_in.mjs";
import {eventually, is, ok} from "./tap.mjs";
import {world} from "./world.mjs";

const WEB = `${process.env.VC5_SRC}/src/web`;
const connection = (page, words) => has(page, words, "#connection");

async function start(mode = "live")
{
	const server = new StandIn(WEB, world());

	await server.listen();
	server.mode = mode;
	return server;
}

async function end(page, server)
{
	await page.context().close();
	server.close();
}

async function failing(browser)
{
	const server = await start("refuse");
	const page = await open(browser, server.url);

	await eventually("without events it polls", () =>
	    connection(page, "polling"));
	const before = await text(page, "section[aria-label='Packets in']");
	await eventually("and numbers change", async () =>
	    await text(page, "section[aria-label='Packets in']") !== before);
	server.tell("history", {number: 60, at: Date.now(), kind: "vip",
		subject: "192.0.2.9", from: "", to: "announced",
		reason: "asked for"});
	await eventually("and transitions come", () => has(page, "asked for"));
	server.setMode("dead");
	await eventually("a server that is gone is said to be", () =>
	    connection(page, "no answer since"));
	ok(await page.locator("main.stale").count() === 1,
	    "what was known looks old");
	server.setMode("live");
	await eventually("it comes back by itself", async () =>
	    /live|polling/.test(await text(page, "#connection")));
	is(page.complaints, [], "no complaints of failures");
	await end(page, server);
}

async function quiet(browser)
{
	const server = await start("quiet");
	const page = await open(browser, server.url);

	await eventually("events that never come are not waited for", () =>
	    connection(page, "polling"));
	await end(page, server);
}

// One file that does not come takes all with it.
async function loading(browser)
{
	const server = await start();

	server.spoilt.set("/map.js", ["cut", ...Array(100).fill("503")]);
	const page = await open(browser, `${server.url}#/prefixes`);

	await eventually("files that do not come are told of", () =>
	    has(page, "Some of its files did not come"));
	is(await page.locator("main a[href='status.html']").count(), 1,
	    "with the way to the status page");
	const before = server.asked.get("/map.js");
	await eventually("it is loaded anew, as often as it takes", () =>
	    server.asked.get("/map.js") > before);
	server.spoilt.clear();
	await eventually("until it is there", () =>
	    has(page, "203.0.112.0/20"));
	is(await page.evaluate(() => sessionStorage.getItem("vc5d.tries")),
	    "0", "the next time begins anew");
	server.spoilt.set("/map.js", Array(100).fill("503"));
	await page.reload();
	await page.getByRole("button", {name: "Try again"}).waitFor();
	const asked = server.asked.get("/console.js");
	await eventually("it is tried time and again", () =>
	    server.asked.get("/console.js") > asked + 1);
	server.spoilt.clear();
	// It may be quicker than we are.
	await page.getByRole("button", {name: "Try again"}).click(
	    {timeout: 3000}).catch(() => {});
	await eventually("or when somebody asks for it", () =>
	    connection(page, "live"));
	is(page.complaints, [], "no complaints of loading");
	await end(page, server);
}

// Looks that are missing are added; without any script there are words.
async function bare(browser)
{
	const server = await start();

	server.spoilt.set("/console.css", ["cut", "503"]);
	const page = await open(browser, server.url);

	await eventually("looks that are missing come later", async () =>
	    await page.evaluate(() => getComputedStyle(document.querySelector(
		"main")).display) === "flex");
	await eventually("and nothing is lost by it", () =>
	    has(page, "Gbit/s"));
	for (const file of ["theme", "watch", "console"])
		server.spoilt.set(`/${file}.js`, ["503"]);
	await page.reload();
	await eventually("without scripts there is a text", () =>
	    has(page, "see the status page"));
	await page.getByRole("link", {name: "Try again"}).click();
	await eventually("and a way to try again", () =>
	    connection(page, "live"));
	await end(page, server);
}

// A view that fails leaves all others alone.
async function broken(browser)
{
	const server = await start();
	const page = await open(browser, `${server.url}#/prefixes`, {script: () => {
		HTMLCanvasElement.prototype.getContext = () => {
			throw new Error("no pictures today");
		};
	}});

	await eventually("a view that can't be made says why", () =>
	    has(page, "no pictures today"));
	await eventually("all else goes on", () => connection(page, "live"));
	await go(page, "#/");
	await eventually("other views work", () => has(page, "Gbit/s"));
	server.world.flaws = {bgp: {neighbours: 5}};
	await eventually("a document that can't be drawn is told of", () =>
	    has(page, "A part of this page has failed"));
	const before = await text(page, "section[aria-label='Packets in']");
	await eventually("the rest of the view goes on", async () =>
	    await text(page, "section[aria-label='Packets in']") !== before);
	server.world.flaws = {};
	await eventually("and it is over when it is over", async () =>
	    !await has(page, "has failed"));
	await go(page, "#/log");
	await eventually("the log is there", () => has(page, "check failed"));
	await page.evaluate(() => setTimeout(() => {
		throw new Error("a stray one");
	}));
	await eventually("whatever else fails is told", () =>
	    has(page, "a stray one"));
	await go(page, "#/services");
	await eventually("but not for ever", async () =>
	    await has(page, "dns") && !await has(page, "has failed"));
	await end(page, server);
}

// Canvases may have no context: the lists are there.
async function blind(browser)
{
	const server = await start();
	const page = await open(browser, `${server.url}#/prefixes`, {script: () => {
		HTMLCanvasElement.prototype.getContext = () => null;
	}});

	await eventually("without pictures the prefixes are listed", () =>
	    has(page, "203.0.112.0/20"));
	ok(await has(page, "The lists have all that the map would show"),
	    "with a word about the map");
	is(page.complaints, [], "no complaints without pictures");
	await end(page, server);
}

// Two lanes, as each waits most of the time.
export function failures(browser)
{
	return [[failing, quiet, blind], [loading, bare, broken]].map((lane) =>
	    lane.map((test) => ({[test.name]: () => test(browser)})[test.name]));
}
