// SPDX-License-Identifier: ISC
// What the documents mean: how good a state is, what to call things, and which
// view has more about them.

import {micro} from "./format.js";

const TONES = {
	up: "good", announced: "good", established: "good", ok: "good",
	passed: "good", reloaded: "good",
	draining: "warn", degraded: "warn", learning: "warn", settling: "warn",
	"held down": "warn", leaving: "warn", unverified: "warn",
	drain: "warn", maint: "warn", silent: "bad",
	down: "bad", withdrawn: "bad", failed: "bad", refused: "bad",
	lost: "bad",
};

// Of any state that has a word.
export function tone(word)
{
	return Object.hasOwn(TONES, word = String(word).toLowerCase()) ?
	    TONES[word] : "none";
}

export function severityTone(severity)
{
	return severity === "critical" || severity === "high" ? "bad" : "warn";
}

// Priorities of syslog, by name or number: a name and a tone.
const PRIORITIES = ["emergency", "alert", "critical", "error", "warning",
	"notice", "info", "debug"];
const SHORT_NAMES = {emerg: 0, crit: 2, err: 3, warn: 4};

export function priority(given)
{
	const number = typeof given === "number" ? given :
	    SHORT_NAMES[given] ?? PRIORITIES.indexOf(given);
	const name = PRIORITIES[number] ?? String(given);

	return {name, number: number < 0 ? 6 : number,
		tone: number < 0 || number > 4 ? "none" :
		    number === 4 ? "warn" : "bad"};
}

export const PRIORITY_NAMES = PRIORITIES;

// Of a service, in the overview: [tone, word].
export function serviceState(service)
{
	if (!service.ok)
		return ["bad", "not ok"];
	if ((service.up ?? 0) < destinationsOf(service))
		return ["warn", "degraded"];
	return ["good", "ok"];
}

export function destinationsOf(service)
{
	return service.destinations_total ?? service.destinations?.length ?? 0;
}

export function serviceKey(service)
{
	const vip = String(service.vip);

	return service.id ?? (vip.includes(":") ? `[${vip}]` : vip) +
	    `:${service.port}/${service.protocol}`;
}

export function vipTone(vip)
{
	if (vip.state === "withdrawn")
		return vip.order ? "warn" : "bad";
	return vip.state === "announced" ? "good" : "warn";
}

export const serviceLink = (id) => `#/service/${encodeURIComponent(id)}`;
export const vipLink = (address) => `#/vip/${encodeURIComponent(address)}`;
export const backendLink = (address) =>
    `#/backend/${encodeURIComponent(address)}`;

// The check that says most of a destination: one that failed, or the slowest.
export function worstCheck(destination)
{
	const checks = destination.checks ?? [];
	const slowest = (list) => list.reduce((a, b) =>
	    a && (a.duration ?? 0) >= (b.duration ?? 0) ? a : b, null);

	return slowest(checks.filter((check) => check.state === "down")) ??
	    slowest(checks);
}

// Of the slowest check, in microseconds; null when none has run.
export function latency(destination)
{
	const done = (destination.checks ?? []).filter((check) =>
	    check.outcome !== null && check.outcome !== undefined);

	return done.length === 0 ? null :
	    Math.max(...done.map((check) => check.duration ?? 0));
}

// What is wrong with a destination in a line; "" if nothing is known to be.
export function trouble(destination)
{
	if (destination.problem)
		return destination.problem;
	for (const check of destination.checks ?? []) {
		const failed = check.outcome && check.outcome !== "passed";

		if (check.state === "down" || failed)
			return checkText(check);
	}
	for (const check of destination.checks ?? [])
		if (check.warning)
			return check.warning;
	return "";
}

export function checkText(check)
{
	if (check.outcome === null || check.outcome === undefined)
		return "no result yet";
	return check.detail ? `${check.outcome}: ${check.detail}` :
	    check.outcome;
}

export function phasesText(check)
{
	const names = {connect: "connect", tls: "TLS",
		first_byte: "first byte"};

	return Object.entries(check.phases ?? {}).map(([name, took]) =>
	    `${names[name] ?? name} ${micro(took)}`).join(", ");
}

// Does any of the texts have all the words that somebody looks for?
export function matches(words, ...texts)
{
	const text = texts.join("\n").toLowerCase();

	return words.every((word) => text.includes(word));
}

export const wordsOf = (text) =>
    text.toLowerCase().split(/\s+/).filter((word) => word !== "");
