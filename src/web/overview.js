// SPDX-License-Identifier: ISC
// The first view: is all well, how much is going on, and who is told of it.

import {Chart} from "./chart.js";
import {el, keyed, panel, setClass, setState, setText, show, state}
    from "./dom.js";
import {eventList} from "./events.js";
import {forAll} from "./guard.js";
import {age, bits, count, each, packets, percent, short} from "./format.js";
import {ask, pathOf} from "./live.js";
import {insist, repeat} from "./repeat.js";
import {destinationsOf, serviceKey, serviceLink, serviceState, severityTone,
    tone, vipLink, vipTone} from "./model.js";
import {plain, put, putState} from "./table.js";

const RECENT = 8; // transitions that are shown
const WORST = 12; // services that are shown

// Cards: what they show of the overview, and of /series.json.
const CARDS = [
	{title: "Traffic in", series: "rx_bits", format: bits,
		value: (d) => bits(d.rates.rx_bits),
		second: () => "from clients"},
	{title: "Traffic out", series: "tx_bits", format: bits,
		value: (d) => bits(d.rates.tx_bits),
		second: () => "to servers, with tunnels' headers"},
	{title: "Packets in", series: "rx_packets", format: each,
		value: (d) => each(d.rates.rx_packets),
		second: () => "from clients"},
	{title: "Packets out", series: "tx_packets", format: each,
		value: (d) => each(d.rates.tx_packets),
		second: () => "to servers"},
	{title: "New connections", series: "flows", format: each,
		value: (d) => each(d.rates.new_flows),
		second: (d) => `${short(d.flows?.embryonic)} not confirmed yet`},
	{title: "Active connections", series: "connections",
		format: (n) => short(n),
		value: (d) => short(d.rates.flows_active ??
		    d.flows?.confirmed),
		second: (d) => `${percent(d.flows?.confirmed,
		    d.flows?.capacity)} of the table`,
		part: (d) => (d.flows?.confirmed ?? 0) /
		    Math.max(1, d.flows?.capacity ?? 1)},
	{title: "Errors", series: "drops", format: each,
		value: (d) => packets(d.rates.drops),
		second: (d) => `${short((d.drops ?? []).reduce((sum, drop) =>
		    sum + drop.packets, 0))} dropped since the start`},
	{title: "Destinations up", series: "destinations_up",
		format: (n) => count(n),
		value: (d) => count(sum(d, "destinations_up")),
		second: (d) => `of ${count((d.services ?? []).reduce((n, s) =>
		    n + destinationsOf(s), 0))}, in ` +
		    `${count(d.services?.length)} services`},
];

const sum = (d, key) => (d.services ?? []).reduce((n, service) =>
    n + (service[key] ?? service.up ?? 0), 0);

function card({title, format, ...rest})
{
	const value = el("div", {class: "value"});
	const second = el("div", {class: "second"});
	const chart = new Chart(title, format);
	const bar = el("span");
	const meter = el("div", {class: "meter", "aria-hidden": "true"}, bar);

	meter.hidden = rest.part === undefined;
	return {
		node: el("section", {class: "panel card", "aria-label": title},
		    el("h2", {text: title}), value, second, meter,
		    chart.node),
		update(document) {
			if (rest.part !== undefined)
				bar.style.width = `${(100 *
				    rest.part(document)).toFixed(1)}%`;
			setText(value, rest.value(document));
			setText(second, rest.second(document));
		},
		draw(document) {
			const values = document.series?.[rest.series];

			show(chart.node, values !== undefined);
			if (values !== undefined)
				chart.update(values, document.now,
				    document.step);
		},
	};
}

// What is wrong now and what to do about it, or that nothing is.
function problems()
{
	const mark = state("good", "No problems");
	const list = el("ul");
	const node = el("section", {class: "notice", "aria-label": "Problems"},
	    mark, list);

	return {node, update(document) {
		const lines = [...document.problems ?? [],
			...(document.config?.errors ?? []).map((line) =>
			    `Reload refused: ${line}`)];

		setClass(node, lines.length > 0 ? "notice bad" : "notice good");
		setState(mark, lines.length > 0 ? "bad" : "good",
		    lines.length === 0 ? "No problems" :
		    lines.length === 1 ? "1 problem" :
		    `${lines.length} problems`);
		show(list, lines.length > 0);
		keyed(list, lines, (line) => line, (line) =>
		    ({node: el("li", {text: line})}));
	}};
}

function alerts()
{
	const {node, body, heading} = panel("Alerts");
	const table = plain("Alerts", [
		{name: "severity", title: "Severity", show: putState((a) =>
		    [severityTone(a.severity), a.severity])},
		{name: "id", title: "About", heads: true, kind: "long",
			show: put((a) => a.id)},
		{name: "text", title: "What", kind: "text wide",
			show: put((a) => a.text)},
		{name: "since", title: "Since", number: true,
			show: put((a) => age(a.since))},
	], (alert) => alert.id);

	body.replaceWith(table.node);
	return {node, close: () => table.close(), update(document) {
		const list = document.alerts ?? [];

		show(node, list.length > 0);
		setText(heading, `Alerts (${list.length})`);
		table.set(list);
	}};
}

// Services that need a look, the worst first.
function services()
{
	const all = el("a", {href: "#/services", text: "All services"});
	const {node, body, heading} = panel("Services", all);
	const link = (cell, service) => {
		if (cell.firstChild === null)
			cell.append(el("a"), el("span", {class: "sub"}));
		cell.firstChild.href = serviceLink(serviceKey(service));
		setText(cell.firstChild, service.name || serviceKey(service));
		setText(cell.lastChild, serviceKey(service));
	};
	const table = plain("Services that need a look", [
		{name: "state", title: "State", show: putState(serviceState)},
		{name: "service", title: "Service", heads: true, kind: "long",
			show: link},
		{name: "up", title: "Up", number: true, show: put((s) =>
		    `${count(s.up)} of ${count(destinationsOf(s))}`)},
		{name: "need", title: "Needed", number: true,
			show: put((s) => count(s.need))},
		{name: "bits", title: "Traffic", number: true,
			show: put((s) => bits(s.rates?.bits))},
	], serviceKey, "All services have all their servers.");

	body.replaceWith(table.node);
	return {node, close: () => table.close(), update(document) {
		const list = document.services ?? [];
		const order = ["bad", "warn"];
		const worst = list.filter((s) => serviceState(s)[0] !== "good")
		    .sort((a, b) => order.indexOf(serviceState(a)[0]) -
			order.indexOf(serviceState(b)[0]));
		const ok = list.filter((s) => s.ok).length;

		setText(heading, `Services: ${count(ok)} of ` +
		    `${count(list.length)} ok`);
		setText(all, worst.length > WORST ?
		    `${worst.length} need a look: all services` :
		    "All services");
		table.set(worst.slice(0, WORST));
	}};
}

function vips()
{
	const {node, body, heading} = panel("VIPs");
	const table = plain("VIPs", [
		{name: "state", title: "State", show: putState((v) =>
		    [vipTone(v), v.state])},
		{name: "vip", title: "VIP", heads: true, kind: "mono",
			show(cell, v) {
				if (cell.firstChild === null)
					cell.append(el("a"));
				cell.firstChild.href = vipLink(v.address);
				setText(cell.firstChild, v.address);
			}},
		{name: "announced", title: "Announced", show: put((v) =>
		    v.announced ? "yes" : "no")},
		{name: "reason", title: "Why", kind: "text wide",
			show: put((v) => v.reason + (v.left === null ||
			    v.left === undefined ? "" :
			    ` (${age(Math.ceil(v.left))} left)`))},
	], (vip) => vip.address);

	body.replaceWith(table.node);
	return {node, close: () => table.close(), update(document) {
		const list = document.vips ?? [];
		const rank = {bad: 0, warn: 1, good: 2};

		setText(heading, `VIPs: ${count(list.filter((v) =>
		    v.announced).length)} of ${count(list.length)} announced`);
		table.set([...list].sort((a, b) => rank[vipTone(a)] -
		    rank[vipTone(b)]).slice(0, 100));
	}};
}

function bgp()
{
	const {node, body, header} = panel("BGP peers");
	const mark = state("none", "");
	const table = plain("BGP peers", [
		{name: "state", title: "State", show: putState((n) =>
		    [n.state === "Established" ? "good" : "bad", n.state])},
		{name: "peer", title: "Peer", heads: true, kind: "long",
			show: (cell, n) => {
				if (cell.firstChild === null)
					cell.append(el("span"),
					    el("span", {class: "sub"}));
				setText(cell.firstChild, n.address);
				setText(cell.lastChild, `AS ${n.as}` +
				    (n.description ? `, ${n.description}` : ""));
			}},
		{name: "uptime", title: "Since", number: true, show: put((n) =>
		    n.state === "Established" ? age(n.uptime) : "")},
		{name: "announced", title: "Announced", number: true,
			show: put((n) => count(n.announced))},
		{name: "flaps", title: "Lost", number: true,
			show: put((n) => count(n.flaps))},
		{name: "error", title: "Last error", kind: "text wide",
			show: put((n) => n.error)},
	], (n) => n.address, "It has none.");

	header.append(mark);
	body.replaceWith(table.node);
	return {node, close: () => table.close(), update({bgp: doc}) {
		show(node, doc?.enabled !== false);
		setState(mark, doc?.connected ? "good" : "bad", doc?.connected ?
		    "bgpd answers" : `no bgpd${doc?.error ?
			`: ${doc.error}` : ""}`);
		table.set(doc?.neighbours ?? []);
	}};
}

function sync()
{
	const {node, body, header} = panel("Sync peers");
	const mark = state("none", "");
	const table = plain("Sync peers", [
		{name: "state", title: "State", show: putState((p) =>
		    [p.alarm ? "bad" : tone(p.state),
			p.learning ? `${p.state}, learning` : p.state])},
		{name: "peer", title: "Instance", heads: true, kind: "long",
			show: put((p) => p.name || p.id)},
		{name: "address", title: "Address", show: put((p) => p.address)},
		{name: "flows", title: "Flows", number: true,
			show: put((p) => count(p.flows))},
		{name: "age", title: "Heard", number: true,
			show: put((p) => `${age(p.age)} ago`)},
		{name: "differs", title: "Differs in", kind: "text wide",
			show: put((p) => (p.differs ?? []).map((d) =>
			    [d.what, (d.services ?? []).join(", ")]
				.filter((t) => t).join(": ")).join("; "))},
	], (p) => p.id, "No other instance is heard.");

	header.append(mark);
	body.replaceWith(table.node);
	return {node, close: () => table.close(), update({sync: doc}) {
		show(node, Boolean(doc?.enabled));
		setState(mark, doc?.problem ? "bad" : "good", doc?.problem ||
		    `instance ${doc?.instance ?? ""} of ${doc?.cluster ?? ""}`);
		table.set(doc?.peers ?? []);
	}};
}

// Packets that were dropped, by reason; how many a second is told by two
// documents.
function errors()
{
	const {node, body} = panel("Errors by reason",
	    el("a", {href: "#/system", text: "All reasons"}));
	let before = null, speeds = new Map();
	const table = plain("Errors by reason", [
		{name: "reason", title: "Reason", heads: true, kind: "long",
			show: put((d) => d.reason)},
		{name: "now", title: "Now", number: true,
			show: put((d) => each(speeds.get(d.reason)))},
		{name: "packets", title: "Packets", number: true,
			show: put((d) => count(d.packets))},
		{name: "help", title: "Meaning", kind: "text wide",
			show: put((d) => d.help)},
	], (drop) => drop.reason, "No packet was dropped.");

	function rates(document)
	{
		const at = performance.now() / 1000;
		const now = new Map((document.drops ?? []).map((drop) =>
		    [drop.reason, drop.packets]));

		if (before !== null && at - before.at < 0.5)
			return;
		speeds = new Map([...now].map(([reason, number]) => {
			const then = before?.now.get(reason);

			return [reason, then === undefined ? null :
			    Math.max(0, number - then) / (at - before.at)];
		}));
		before = {at, now};
	}

	body.replaceWith(table.node);
	return {node, close: () => table.close(), update(document) {
		rates(document);
		table.set((document.drops ?? []).filter((d) => d.packets > 0)
		    .sort((a, b) => b.packets - a.packets));
	}};
}

function recent()
{
	const {node, body} = panel("Latest transitions",
	    el("a", {href: "#/history", text: "All of them"}));
	const list = eventList("Latest transitions", RECENT);

	body.replaceWith(list.node);
	return {node, list};
}

export function page()
{
	const cards = CARDS.map(card);
	const wrong = problems(), watch = alerts(), latest = recent();
	const left = [services(), vips()], right = [errors(), bgp(), sync()];
	const parts = [wrong, watch, ...cards, ...left, ...right];
	const node = el("div", {class: "stack"},
	    el("h1", {class: "hidden", tabindex: "-1", text: "Overview"}),
	    wrong.node, watch.node,
	    el("div", {class: "cards"}, ...cards.map((c) => c.node)),
	    el("div", {class: "columns"},
		el("div", {class: "stack"}, left[0].node, latest.node,
		    left[1].node),
		el("div", {class: "stack"}, ...right.map((p) => p.node))));
	const stops = [
		repeat(async () => {
			const document = await ask("series.json");

			forAll(cards, (c) => c.draw(document));
		}, 10000),
		insist(async () => {
			const document = await ask(pathOf("history.json",
			    {limit: RECENT}));

			latest.list.set(document.history ?? []);
		}),
	];

	return {
		title: "Overview",
		node,
		overview(document) {
			forAll(parts, (part) => part.update(
			    {rates: {}, ...document}));
		},
		history: (event) => latest.list.add(event),
		close() {
			stops.forEach((stop) => stop());
			parts.forEach((part) => part.close?.());
		},
	};
}
