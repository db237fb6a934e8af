// SPDX-License-Identifier: ISC
// The console in a real browser, with documents that are made up: every view,
// hostile strings, the keyboard, phones, many servers, and (failures.mjs) what
// fails.

import {faults, go, has, launch, open, overflow, text} from "./browser.mjs";
import {failures} from "./failures.mjs";
import {StandIn} from "./stand_in.mjs";
import {all, done, eventually, is, ok} from "./tap.mjs";
import {HOSTILE, largeServices, world} from "./world.mjs";

const WEB = `${process.env.VC5_SRC}/src/web`;
const WEB_SERVICE = `#/service/${encodeURIComponent("192.0.2.1:80/tcp")}`;

const VIEWS = ["#/", "#/services", WEB_SERVICE, "#/vip/192.0.2.1",
	"#/backends", "#/backend/198.51.100.22", "#/history", "#/log", "#/prefixes",
	"#/system"];

// As the console shows what can't be seen.
const SHOWN = HOSTILE.replace("\u001b", "\\u001b")
    .replace("\u202e", "\\u202e").replace("\u0000", "\\u0000");

const browser = await launch();
const small = new StandIn(WEB, world());
await small.listen();

const focused = (page) => page.evaluate(() =>
    document.activeElement.getAttribute("aria-label") ??
    document.activeElement.textContent);

async function overview()
{
	const page = await open(browser, small.url);

	await eventually("the overview is live", async () =>
	    await has(page, "live", "#connection"));
	for (const words of ["2 problems", "Gbit/s", "New connections",
		"Active connections", "VIPs: 2 of 3 announced", "Established",
		"AS 64496, router", "instance lb1 of lab", "silent",
		"malformed", "198.51.100.143", "33 % of the table", "Traffic out", "Packets out"])
		await eventually(`the overview has ${words}`, () =>
		    has(page, words));
	is(await page.title(), "Overview · lb1 · vc5d", "its title");
	const before = await text(page, "section[aria-label='Packets in']");
	await eventually("numbers change in place", async () =>
	    await text(page, "section[aria-label='Packets in']") !== before);
	const chart = page.getByRole("slider", {name: "Traffic in"});

	await eventually("a chart has a text", async () =>
	    /^now .* mean /.test(await chart.getAttribute("aria-valuetext")));
	await chart.focus();
	await page.keyboard.press("ArrowLeft");
	ok(/^\d\d:\d\d:\d\d: .*bit\/s$/.test(
	    await chart.getAttribute("aria-valuetext")),
	    "arrow keys read it", await chart.getAttribute("aria-valuetext"));
	small.tell("history", {number: 50, at: Date.now(), kind: "destination",
		subject: "web 192.0.2.1:80/tcp 198.51.100.21", from: "up",
		to: "down", reason: "seen at once"});
	await eventually("a transition comes into view", () =>
	    has(page, "seen at once"));
	is(page.complaints, [], "no complaints in the overview");
	await page.context().close();
}

async function services()
{
	const page = await open(browser, `${small.url}#/services`);
	const row = page.getByRole("row", {name: /192\.0\.2\.1:80/}).first();

	await row.waitFor();
	ok((await row.innerText()).includes("degraded"),
	    "a service that is short of servers is told by a word");
	ok(await row.locator(".warn > .shape").isVisible(), "and by a shape");
	await row.getByRole("button").click();
	await eventually("a row opens to its destinations", () =>
	    has(page, "no route to the server"));
	await page.getByPlaceholder("Filter services").fill("dns");
	await eventually("a filter leaves those that fit", async () =>
	    await page.locator("main tr.row").count() === 1);
	ok(page.url().endsWith("#/services?q=dns"), "the URL keeps it",
	    page.url());
	await page.reload();
	await eventually("and brings it back", async () =>
	    await page.getByPlaceholder("Filter services").inputValue() ===
	    "dns" && await page.locator("main tr.row").count() === 1);
	await page.getByPlaceholder("Filter services").fill("");
	await page.getByLabel("State").selectOption("bad");
	await eventually("so does a filter by state", async () =>
	    await page.locator("main tr.row").count() === 1 &&
	    has(page, "not ok"));
	is(page.complaints, [], "no complaints of services");
	await page.context().close();
}

async function service()
{
	const page = await open(browser, small.url + WEB_SERVICE);

	await page.getByRole("heading", {name: "web", level: 1}).waitFor();
	for (const words of ["VIP 192.0.2.1 announced", "2.5 of 10",
		"ordered: drain", "1 of 3, 1 needed", "maglev"])
		await eventually(`a service has ${words}`, () =>
		    has(page, words));
	for (const name of ["Traffic in", "Traffic out", "Active connections"])
		await eventually(`its last hour: ${name}`, async () =>
		    /^now [\d.]+ .* mean /.test(await page.getByRole("slider",
			{name}).getAttribute("aria-valuetext")));
	await page.getByRole("button",
	    {name: "Checks of 198.51.100.143"}).click();
	for (const words of ["the VIP is missing on the server", "GET /alive",
		"TLS 640 µs", "1 in a row against its state"])
		await eventually(`a check says ${words}`, () =>
		    has(page, words));
	const opener = page.getByRole("button",
	    {name: "Checks of 198.51.100.143"});

	await opener.focus();
	const ticks = small.world.ticks;
	await eventually("events go on coming", () =>
	    small.world.ticks > ticks + 8);
	is(await focused(page), "Checks of 198.51.100.143",
	    "updates leave the focus where it is");
	is(await opener.getAttribute("aria-expanded"), "true",
	    "and open what is open");
	small.world.services[0].destinations[0].state = "down";
	await eventually("a server that dies is seen dead", () =>
	    page.evaluate(() => [...document.querySelectorAll("tr.row")].some(
		(row) => row.textContent.includes("198.51.100.21") &&
		    row.querySelector(".bad"))));
	small.world.services[0].destinations[0].state = "up";
	is(page.complaints, [], "no complaints of a service");
	await page.context().close();
}

async function urls()
{
	const page = await open(browser, `${small.url}#/services`);

	await page.getByRole("link", {name: "web", exact: true}).click();
	await page.getByRole("heading", {name: "web", level: 1}).waitFor();
	is(await focused(page), "web", "a view begins at its heading");
	await page.getByRole("link", {name: "198.51.100.22"}).first().click();
	await eventually("a backend has all its services", async () =>
	    await has(page, "up in 0 of 2 services") &&
	    await has(page, "192.0.2.2:443/tcp"));
	await page.goBack();
	await eventually("the back button goes back", () =>
	    page.url().endsWith(WEB_SERVICE));
	await page.getByRole("heading", {name: "web", level: 1}).waitFor();
	for (const hash of ["#/nonsense", "#/service", "#/service/%zz",
		"#/backend/", "#/__proto__"]) {
		await go(page, hash);
		await eventually(`${hash} is no view`, () =>
		    has(page, "There is no such view"));
	}
	await go(page, "#/service/203.0.113.1%3A80%2Ftcp");
	await eventually("a service that is not there is said not to be", () =>
	    has(page, "There is no such service"));
	ok(await has(page, "live", "#connection"), "nothing else is lost by it");
	is(page.complaints, [], "no complaints of URLs");
	await page.context().close();
}

async function others()
{
	const page = await open(browser, `${small.url}#/history`);

	await eventually("the history is there", () =>
	    has(page, "bad status"));
	await page.getByLabel("Kind").selectOption("vip");
	await eventually("and can be filtered", async () =>
	    await page.locator(".events li").count() === 1);
	await go(page, "#/log");
	await eventually("the log is there", () => has(page, "check failed"));
	small.tell("log", {at: Date.now(), priority: "err", text: "the newest"});
	await eventually("a line of it comes", () => has(page, "the newest"));
	await page.getByLabel("Priority").selectOption("error");
	await eventually("it can be filtered", async () =>
	    await page.locator(".lines li").count() === 2);
	await go(page, "#/system");
	for (const words of ["signal 11", "not attached", "Answers to pings",
		"backend 198.51.100.22", "Results of probes", "48 MiB"])
		await eventually(`the system's view has ${words}`, () =>
		    has(page, words));
	await page.getByRole("button", {name: "Show"}).click();
	await eventually("the configuration is shown, without secrets", () =>
	    has(page, "********"));
	is(page.complaints, [], "no complaints of these views");
	await page.context().close();
}

async function vip()
{
	const {world} = small, address = "2001:db8:0:100::53";
	const page = await open(browser, `${small.url}#/services`);

	await page.getByRole("link", {name: address}).click();
	await page.getByRole("heading", {name: address, level: 1}).waitFor();
	for (const words of ["announced", "dns", "before what is remembered",
		"2 of 2", "AS 64496, router"])
		await eventually(`a VIP has ${words}`, () => has(page, words));
	is(await page.locator("[aria-label='BGP peers'] tr.row td:nth-child(3)")
	    .allInnerTexts(), ["yes", "no"], "who is told of it");
	small.tell("history", {number: 70, at: Date.now(), kind: "vip",
		subject: address, from: "withdrawn", to: "announced",
		reason: "its servers are back"});
	await eventually("what happens to it is seen", () =>
	    has(page, "its servers are back"));
	await eventually("and tells since when it is so", async () =>
	    !await has(page, "before what is remembered"));
	await page.keyboard.press("/");
	await page.keyboard.type("192.0.2.2");
	await page.getByRole("option", {name: "VIP"}).click();
	await page.getByRole("heading", {name: "192.0.2.2", level: 1}).waitFor();
	await eventually("it can be searched for", () => has(page, "held down"));
	await go(page, "#/");
	await page.getByRole("link", {name: "192.0.2.1", exact: true}).click();
	await page.getByRole("link", {name: "web", exact: true}).click();
	await page.getByRole("link", {name: "VIP 192.0.2.1"}).click();
	await page.getByRole("heading", {name: "192.0.2.1", level: 1}).waitFor();
	await go(page, "#/vip/192.0.2.77");
	await eventually("one that is not there is said not to be", () =>
	    has(page, "There is no such VIP"));
	is(page.complaints, [], "no complaints of VIPs");
	world.history.pop();
	await page.context().close();
}

// What a screen reader says by itself, without being asked.
async function spoken()
{
	const server = new StandIn(WEB, world());

	await server.listen();
	const {services, problems} = server.world;
	const page = await open(browser, server.url);

	await page.evaluate(() => {
		window.said = [];
		new MutationObserver(() => window.said.push(document
		    .querySelector("#spoken").textContent)).observe(
		    document.querySelector("#spoken"), {childList: true,
			characterData: true, subtree: true});
	});
	const said = () => page.evaluate(() =>
	    window.said.filter((text) => text !== ""));
	await eventually("it is live", () => has(page, "live", "#connection"));
	const {ticks} = server.world;
	await eventually("events come", () => server.world.ticks > ticks + 8);
	is(await said(), [], "nothing is said while nothing changes");
	services[2].ok = false;
	await eventually("a service that is lost is said to be", async () =>
	    (await said()).length === 1);
	problems.push("the disk is full, 17 times", `trouble ${HOSTILE}`);
	services[2].ok = true;
	await eventually("and what follows, in one sentence", async () =>
	    (await said()).length === 2);
	problems[1] = "the disk is full, 18 times";
	is((await said())[0], "New: service dns is not ok.", "what was lost");
	ok(/^New: problem: the disk is full, \d+ times; problem: trouble .*Over: service dns is not ok\.$/
	    .test((await said())[1]), "what is new and what is over",
	    await said());
	server.setMode("dead");
	await eventually("no answer is said at once", async () =>
	    await page.locator("#alarm[aria-live=assertive]").innerText() ===
	    "vc5d does not answer.");
	server.setMode("live");
	await eventually("and taken back", async () =>
	    await page.locator("#alarm").innerText() === "");
	is((await said()).length, 2, "numbers that change are not said again");
	is(page.complaints, [], "no complaints of what is spoken");
	await page.context().close();
	server.close();
}

async function prefixes()
{
	const page = await open(browser, `${small.url}#/prefixes`);
	const map = page.getByRole("application", {name: /Hilbert map/});

	await eventually("prefixes are listed", () =>
	    has(page, "203.0.112.0/20"));
	ok(await has(page, "2001:db8:1::/48"), "those of IPv6, too");
	ok(await has(page, "192.0.0.0/24"), "and those that are blocked");
	await map.focus();
	await page.keyboard.press("n");
	await eventually("the keyboard finds the busiest", () =>
	    has(page, "203.0.112.0/20: 120,000 packets, 93.5 MiB", ".told"));
	is(await page.locator(".told").getAttribute("aria-live"), "polite",
	    "and says it");
	await page.keyboard.press("+");
	is(await map.getAttribute("data-side"), "512", "it goes closer");
	await page.keyboard.press("ArrowRight");
	ok(!await has(page, "203.0.112.0/20", ".told"), "arrows move");
	await page.keyboard.press("-");
	const box = await map.boundingBox();
	// Addresses begin top left, and 0.0.0.0/20 is the first.
	await page.mouse.move(box.x + 2, box.y + 2);
	await eventually("the pointer tells the prefix", async () =>
	    /^0\.\d+\.\d+\.0\/20/.test(await text(page, ".told")));
	ok(await page.evaluate(() => {
		const canvas = document.querySelector(".map canvas");
		const {data} = canvas.getContext("2d").getImageData(0, 0,
		    canvas.width, canvas.height);
		return new Set(new Uint32Array(data.buffer)).size > 20;
	}), "something is drawn, in many colours");
	is(page.complaints, [], "no complaints of prefixes");
	await page.context().close();
}

async function hostile()
{
	const page = await open(browser, small.url);

	for (const view of VIEWS) {
		await go(page, view);
		await page.locator("main h1").waitFor({state: "attached"});
		if (["#/", WEB_SERVICE, "#/log", "#/history"].includes(view))
			await eventually(`hostile text is text in ${view}`, () =>
			    has(page, SHOWN));
	}
	is(await page.evaluate(() => window.harmed), undefined,
	    "nothing of it has run");
	is(await page.locator("main img, main script, main iframe").count(), 0,
	    "nothing of it became an element");
	is(page.complaints, [], "no complaints of the policy");
	await page.context().close();
}

async function keyboard()
{
	const page = await open(browser, small.url);

	await eventually("it is live", () => has(page, "live", "#connection"));
	await page.keyboard.press("Tab");
	is(await focused(page), "Skip to the content", "the first stop skips");
	await page.keyboard.press("Enter");
	is(await page.evaluate(() => document.activeElement.id), "main",
	    "to the content");
	await page.keyboard.press("/");
	is(await page.evaluate(() => document.activeElement.id), "search",
	    "a slash is for searching");
	await page.keyboard.type("198.51.100.2");
	await eventually("what is found is listed", async () =>
	    await page.locator("#found [role=option]").count() === 2);
	await page.keyboard.press("ArrowDown");
	is(await page.locator("#found [aria-selected=true]").innerText().then(
	    (found) => found.split("\n")[0]), "198.51.100.22", "arrows choose");
	await page.keyboard.press("Enter");
	await page.getByRole("heading", {name: "198.51.100.22", level: 1})
	    .waitFor();
	ok(true, "Enter goes there");
	const landmarks = await page.evaluate(() =>
	    ["header", "nav", "main", "footer", "[role=search]"].map((what) =>
		document.querySelectorAll(what).length > 0));
	ok(landmarks.every((is) => is), "there are landmarks", landmarks);
	is(page.complaints, [], "no complaints of the keyboard");
	await page.context().close();
}

async function accessible(colorScheme)
{
	const page = await open(browser, small.url, {colorScheme});

	for (const view of VIEWS) {
		await go(page, view);
		await eventually(`${view} is there`, async () =>
		    (await text(page)).length > 150);
		if (view === WEB_SERVICE)
			await page.locator(".opener").last().click();
		is(await faults(page), [],
		    `axe finds nothing serious in ${view}, ${colorScheme}`);
	}
	await page.context().close();
}

const accessibleLight = () => accessible("light");
const accessibleDark = () => accessible("dark");

// How long what moves does so, in a page for those who want that or not.
async function motion()
{
	for (const [reducedMotion, time] of [["reduce", "0s"],
		["no-preference", "0.12s"]]) {
		const page = await open(browser, `${small.url}#/services`,
		    {reducedMotion});

		await page.locator(".opener").first().waitFor();
		is(await page.evaluate(() => getComputedStyle(
		    document.querySelector(".opener"),
		    "::before").transitionDuration), time,
		    `movement, ${reducedMotion}`);
		await page.context().close();
	}
}

async function colours()
{
	const page = await open(browser, small.url, {colorScheme: "light"});
	const back = () => page.evaluate(() =>
	    getComputedStyle(document.body).backgroundColor);
	const light = await back();

	await page.getByLabel("Colours").selectOption("dark");
	ok(await back() !== light, "dark can be chosen");
	await page.reload();
	ok(await back() !== light, "and stays chosen");
	is(await page.getByLabel("Colours").inputValue(), "dark", "and said");
	await page.getByLabel("Colours").selectOption("");
	is(await back(), light, "or the system's choice");
	await page.context().close();
}

async function phone()
{
	const page = await open(browser, small.url, {isMobile: true,
		hasTouch: true, viewport: {width: 360, height: 740}});

	for (const view of VIEWS) {
		await go(page, view);
		await eventually(`${view} is there on a phone`, async () =>
		    (await text(page)).length > 100);
		ok(await overflow(page) <= 0, `${view} is as wide as a phone`,
		    String(await overflow(page)));
	}
	is(await faults(page), [], "axe finds nothing serious on a phone");
	is(page.complaints, [], "no complaints on a phone");
	await page.context().close();
}

async function many()
{
	const server = new StandIn(WEB, world(largeServices()));

	await server.listen();
	const page = await open(browser, `${server.url}#/backends`);
	const rows = () => page.locator("main tr.row").count();

	await eventually("5,000 destinations are counted", () =>
	    has(page, "5,000 servers"));
	ok(await rows() < 300, "and those in sight exist", String(await rows()));
	is(await page.locator("main table").getAttribute("aria-rowcount"),
	    "5001", "screen readers know how many there are");
	// How far that is shows when there are rows to go by.
	await eventually("the last is where one scrolls to", async () => {
		await page.evaluate(() => scrollTo(0,
		    document.documentElement.scrollHeight));
		return has(page, "10.199.1.25");
	});
	ok(await rows() < 300, "without more of them", String(await rows()));
	const y = await page.evaluate(() => scrollY);
	const link = page.getByRole("link", {name: "10.199.1.24", exact: true});

	await link.focus();
	const asked = server.asked.get("/destinations.json");
	await eventually("the list is asked for again", () =>
	    server.asked.get("/destinations.json") > asked);
	is(await page.evaluate(() => scrollY), y,
	    "updates leave the page where it is");
	is(await focused(page), "10.199.1.24", "and the focus");
	await link.click();
	await page.getByRole("heading", {name: "10.199.1.24"}).waitFor();
	await page.goBack();
	await eventually("back is back at the same place", async () =>
	    Math.abs(await page.evaluate(() => scrollY) - y) < 60);
	await page.getByLabel("State").selectOption("down");
	await eventually("52 are down", () =>
	    has(page, "52 destinations of 5,000"));
	await go(page, "#/services");
	await eventually("200 services are there", async () =>
	    await page.locator("main table").first()
		.getAttribute("aria-rowcount") === "201");
	await page.getByRole("button", {name: "Destinations up"}).first()
	    .click();
	is(await page.getByRole("columnheader", {name: "Destinations up"})
	    .getAttribute("aria-sort"), "descending", "they can be sorted");
	is(page.complaints, [], "no complaints of many");
	await page.context().close();
	server.close();
}

// They wait most of the time: so some run beside each other.
const only = process.argv[2];
const lanes = [
	[overview, services, service, vip, urls, others, prefixes],
	[keyboard, hostile, colours, motion, spoken],
	...failures(browser),
	[many, phone],
	[accessibleLight, accessibleDark],
];

await Promise.all(lanes.map((lane) => all(lane.filter((test) =>
    only === undefined || test.name === only))));
await browser.close();
small.close();
done();
