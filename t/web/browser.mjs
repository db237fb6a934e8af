// SPDX-License-Identifier: ISC
// A browser for the tests, and looking at its pages.

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {witness} from "./tap.mjs";

// What npm has installed is in the directory of the build, not beside us.
const require = createRequire(`${process.env.VC5_WEB_MODULES}/`);
const {chromium} = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const launch = () => chromium.launch({
	executablePath: process.env.VC5_CHROMIUM,
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
	chromiumSandbox: false,
});

// What a page looks like, for who has to find out why a test failed.
async function describe(page)
{
	const lines = [`${page.url()}:`,
		...page.complaints.map((text) => `complaint: ${text}`),
		...page.losses.slice(-20).map((text) => `lost: ${text}`)];

	if (page.isClosed())
		return "";
	const main = await text(page, "main", {timeout: 2000});

	return [...lines, main.slice(0, 800)].join("\n");
}

// A page, and in page.complaints all that went wrong in it, and in page.losses
// the requests that failed.
// With script, that is run before any of the page's.
export async function open(browser, url, {script, ...options} = {})
{
	const context = await browser.newContext({
		viewport: {width: 1280, height: 860}, colorScheme: "light",
		...options});
	const page = await context.newPage();

	if (script !== undefined)
		await page.addInitScript(script);
	page.setDefaultTimeout(20000);
	page.complaints = [];
	page.losses = [];
	witness(() => describe(page));
	page.on("requestfailed", (request) => page.losses.push(
	    `${request.url()}: ${request.failure()?.errorText}`));
	page.on("response", (response) => {
		if (response.status() >= 400)
			page.losses.push(
			    `${response.url()}: ${response.status()}`);
	});
	page.on("pageerror", (error) =>
	    page.complaints.push(error.stack ?? String(error)));
	page.on("console", (message) => {
		// A server that does not answer is part of some tests.
		if (["error", "warning"].includes(message.type()) &&
		    !/Failed to load resource|net::ERR/.test(message.text()))
			page.complaints.push(message.text());
	});
	await page.goto(url);
	return page;
}

export const go = (page, hash) => page.evaluate((to) => {
	location.hash = to;
}, hash);

export const text = (page, selector = "main", options = {}) =>
    page.locator(selector).first().innerText(options);

export const has = async (page, words, selector) =>
    (await text(page, selector)).includes(words);

// What axe-core finds serious or critical, as text.
export async function faults(page)
{
	// By the debugger: the page's own policy lets no foreign script in.
	await page.evaluate(axe);
	const {violations} = await page.evaluate(() =>
	    globalThis.axe.run(document, {
		resultTypes: ["violations"], preload: false, iframes: false}));

	return violations.filter(({impact}) =>
	    impact === "serious" || impact === "critical").map((fault) =>
	    `${fault.impact}: ${fault.id}: ${fault.help}: ` +
	    fault.nodes.slice(0, 3).map((node) => node.html).join(" | "));
}

// Wide pages that have to be moved sideways are no pages for phones.
export const overflow = (page) => page.evaluate(() =>
    document.documentElement.scrollWidth - innerWidth);
