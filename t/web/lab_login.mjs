// SPDX-License-Identifier: ISC
// The console of a balancer of the lab by TLS, for those who have a password
// or a token: lab_login.mjs URL TOKEN.  Its user is "ann", with "swordfish".

import {go, has, launch, open} from "./browser.mjs";
import {all, done, eventually, is, ok} from "./tap.mjs";

const [url, token] = process.argv.slice(2);
const browser = await launch();
const untrusted = {ignoreHTTPSErrors: true}; // it has signed itself

async function password()
{
	const page = await open(browser, url, {...untrusted,
		httpCredentials: {username: "ann", password: "swordfish"}});

	await eventually("who has a password hears the events", () =>
	    has(page, "live", "#connection"));
	ok(await page.evaluate(() => isSecureContext), "in private");
	for (const [hash, words] of [["#/services", "192.0.2.1:80/tcp"],
		["#/backends", "198.51.100.22"], ["#/history", "reload"],
		["#/prefixes", "IPv4 prefixes"], ["#/system", "eth0"]]) {
		await go(page, hash);
		await eventually(`${hash} is there`, () => has(page, words));
	}
	await page.reload();
	await eventually("it is there again after a reload", () =>
	    has(page, "eth0"));
	is(page.complaints, [], "the browser complains of nothing");
	// What was under way when the page was left is no loss.
	is(page.losses.filter((loss) => !/ERR_ABORTED/.test(loss)), [],
	    "and has got all it asked for");
	await page.context().close();
}

async function strangers()
{
	const wrong = await open(browser, url, {...untrusted,
		httpCredentials: {username: "ann", password: "sword"}});

	ok(await has(wrong, "401 Unauthorized", "body"),
	    "a wrong password shows nothing");
	is(wrong.losses, [`${url}: 401`], "of all that is there");
	await wrong.context().close();
}

async function tokens()
{
	const context = await browser.newContext(untrusted);
	const ask = async (given) => {
		const answer = await context.request.get(`${url}overview.json`,
		    {headers: given && {Authorization: `Bearer ${given}`}});

		return [answer.status(), answer.headers()[
		    "cross-origin-opener-policy"]];
	};

	is(await ask(token), [200, "same-origin"], "a token lets in");
	is((await ask(token.slice(1)))[0], 401, "another one does not");
	is((await ask())[0], 401, "nor does none");
	await context.close();
}

await all([password, strangers, tokens]);
await browser.close();
done();
