// SPDX-License-Identifier: ISC
// A browser for the tests, and looking at its pages.

import {readFileSync} from "node:fs";
import {createRequire} from "node:module";

// What npm has installed is in the directory of the build, not beside us.
const require = createRequire(`${process.env.VC5_WEB_MODULES}/`);
const {chromium} = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const launch = () => chromium.launch({
	executablePath: process.env.VC5_CHROMIUM,
	args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
	chromiumSandbox: false,
});

// A page, and in page.complaints all that went wrong in it.
export async function open(browser, url, options = {})
{
	const context = await browser.newContext({
		viewport: {width: 1280, height: 860}, colorScheme: "light",
		...options});
	const page = await context.newPage();

	page.setDefaultTimeout(20000);
	page.complaints = [];
	page.on("pageerror", (error) =>
	    page.complaints.push(error.stack ?? String(error)));
	page.on("console", (message) => {
		// A server that does not answer is part of some tests, and
		// one without TLS of all.
		if (["error", "warning"].includes(message.type()) &&
		    !/Failed to load resource|net::ERR|origin was untrustworthy/
			.test(message.text()))
			page.complaints.push(message.text());
	});
	await page.goto(url);
	return page;
}

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
