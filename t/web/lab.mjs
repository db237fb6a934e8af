// SPDX-License-Identifier: ISC
// The console of a balancer of the lab: lab.mjs URL.  With VC5_WEB_PICTURES, a
// directory, it leaves pictures of what it sees there.

import {execFile, spawn} from "node:child_process";
import {once} from "node:events";
import {promisify} from "node:util";
import {faults, launch, open, overflow} from "./browser.mjs";
import {all, done, eventually, is, ok} from "./tap.mjs";

const [url] = process.argv.slice(2);
const SOURCE = process.env.VC5_SRC;
const WEB2 = "198.51.100.22";
const SERVICE = `#/service/${encodeURIComponent("192.0.2.1:80/tcp")}`;
const HARM = `<img src=x onerror="window.harmed=1">`;

const run = promisify(execFile);
const lab = (...words) => run(`${SOURCE}/contrib/lab`, words);

const browser = await launch();
const page = await open(browser, url);
const has = async (words, selector = "main") =>
    (await page.locator(selector).first().innerText()).includes(words);
const go = (hash) => page.evaluate((to) => {
	location.hash = to;
}, hash);

let pictures = 0;
async function picture(name)
{
	const directory = process.env.VC5_WEB_PICTURES;

	if (directory !== undefined)
		await page.screenshot({fullPage: true,
			path: `${directory}/lab-${++pictures}-${name}.png`});
}

// Requests, until the condition holds.
async function withTraffic(f)
{
	const client = spawn(`${SOURCE}/contrib/lab`, ["exec", "client",
		"curl", "-s", "-o", "/dev/null", "-H", "Connection: close",
		"-m", "60", "http://192.0.2.1/?[1-20000]"], {stdio: "ignore"});

	try {
		await f();
	} finally {
		client.kill();
	}
}

async function overview()
{
	await eventually("the daemon's events come", () =>
	    has("live", "#connection"));
	await eventually("all services are ok", async () =>
	    /Services: (\d+) of \1 ok/.test(
		await page.locator("main").innerText()));
	await eventually("the router's sessions are there", () =>
	    has("Established"));
	await eventually("so is the other instance", () => has("lb2"));
	ok(await page.evaluate(() => document.querySelector(
	    "#hostname").textContent !== ""), "the host has a name");
	await withTraffic(() => eventually("traffic is seen", async () => {
		const card = await page.locator(
		    "section[aria-label='Packets in'] .value").innerText();
		return /^[\d.]/.test(card) && !card.startsWith("0 ");
	}));
	is(await faults(page), [], "axe finds nothing serious in the overview");
	await picture("overview");
}

const row = () => page.getByRole("row", {name: WEB2}).first();

async function dies()
{
	await go(SERVICE);
	await eventually("its servers are up", async () =>
	    await page.locator("tr.row .good").count() >= 3);
	await eventually("a hostile description is text", () =>
	    has(`${HARM}</script>\\u202e`));
	await page.evaluate(() => {
		window.notReloaded = true;
	});
	const opener = row().getByRole("button");

	await opener.click();
	await opener.focus();
	await lab("stop", "nginx-web2");
	await eventually("a server that dies is down in view", async () =>
	    (await row().innerText()).includes("down") &&
	    await row().locator(".bad").count() === 1);
	await eventually("with why", async () =>
	    /connection refused/.test(await row().innerText()));
	ok(await has("degraded"), "the service is degraded");
	await eventually("its history has it", async () =>
	    (await page.locator(".events").innerText()).includes(WEB2));
	ok(await page.evaluate(() => window.notReloaded === true &&
	    document.activeElement.classList.contains("opener")),
	    "the page and the focus stayed");
	await picture("down");
}

async function lies()
{
	const liar = spawn(`${SOURCE}/contrib/lab`, ["exec", "web2",
		process.execPath, `${SOURCE}/t/web/liar.mjs`, HARM],
	    {stdio: ["pipe", "pipe", "inherit"]});
	const ended = once(liar, "exit");

	await once(liar.stdout, "data");
	await eventually("what it answered is shown as it was", async () =>
	    (await page.locator(".transcript").first().innerText())
		.includes(`HTTP/1.1 503 ${HARM.replaceAll('"', '\\"')}`));
	is(await faults(page), [], "axe finds nothing serious in a service");
	await picture("lies");
	liar.stdin.end();
	await ended;
	await lab("start", "nginx-web2");
	await eventually("it comes back in view", async () =>
	    /\bup\b/.test(await row().innerText()));
	is(await page.evaluate(() => window.harmed), undefined,
	    "nothing of it has run");
}

async function others()
{
	await go("#/history");
	await eventually("the history tells it", async () =>
	    /down[^]*up/.test(await page.locator(".events").innerText()) &&
	    has(WEB2));
	await go("#/log");
	await eventually("so does the log", () => has(WEB2));
	await go(`#/backend/${WEB2}`);
	await eventually("a backend has its services", () =>
	    has("192.0.2.1:80/tcp"));
	await picture("backend");
	await go("#/backends");
	await eventually("backends are listed", () => has(WEB2));
	await go("#/services");
	await eventually("services are listed", () => has("192.0.2.1:80/tcp"));
	await go("#/system");
	await eventually("the data plane is attached", () => has("eth0"));
	await page.getByRole("button", {name: "Show"}).click();
	await eventually("the configuration is shown", () =>
	    has(`"interfaces": [`));
	await picture("system");
	await go("#/prefixes");
	// One packet of many is looked at.
	await withTraffic(() => eventually("the client's prefix is on the map",
	    () => has("203.0.112.0/20")));
	await picture("prefixes");
	await page.setViewportSize({width: 360, height: 740});
	for (const hash of ["#/", SERVICE, "#/prefixes"]) {
		await go(hash);
		await page.locator("main h1").waitFor({state: "attached"});
		ok(await overflow(page) <= 0, `${hash} is as wide as a phone`);
	}
	is(page.complaints, [], "the page had nothing to complain of");
}

await all([overview, dies, lies, others]);
await browser.close();
done();
