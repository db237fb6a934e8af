// SPDX-License-Identifier: ISC
// The machine's side: interfaces, the flow table, what is dropped and
// answered, probes, orders, and the configuration in effect.

import {el, facts, panel, setText, show} from "./dom.js";
import {age, count, date, octets, percent} from "./format.js";
import {forAll} from "./guard.js";
import {ask} from "./live.js";
import {tone} from "./model.js";
import {plain, put, putState} from "./table.js";

// A panel with a table of the list that is given by of(document).
function tablePanel(title, columns, keyOf, of, empty, optional = false)
{
	const {node, body} = panel(title);
	const table = plain(title, columns, keyOf, empty);

	body.replaceWith(table.node);
	return {node, close: () => table.close(), update(document) {
		const list = of(document) ?? [];

		table.set(list);
		show(node, !optional || list.length > 0);
	}};
}

function factsPanel(title, of)
{
	const {node, body} = panel(title);
	const list = facts();

	body.append(list.node);
	return {node, update: (document) =>
	    list.update(of(document).filter(([, text]) => text !== ""))};
}

function daemonFacts(d)
{
	const engine = d.engine ?? {}, config = d.config ?? {};

	return [
		["Host", d.hostname],
		["Version", typeof d.version === "string" ? d.version :
		    d.software ?? ""],
		["Running since", `${date(d.started * 1000)} ` +
		    `(${age(d.uptime)})`],
		["Engine", engine.restarts ? `restarted ` +
		    `${count(engine.restarts)} times, last ` +
		    `${date(engine.died * 1000)}: ${engine.reason}` :
		    engine.watched ? "watched by its parent" : "not watched"],
		["Configuration", config.file],
		["Loaded", `${date(config.loaded * 1000)}, ` +
		    `${count(config.reloads)} reloads`],
		["When all checks fail", d.isolation === undefined ? "" :
		    `${d.isolation.mode}` + (d.isolation.isolated ?
			`, for ${age(d.isolation.since)} now` : "")],
	];
}

function flowFacts({flows = {}})
{
	const evicted = flows.evicted ?? {};

	return [
		["Confirmed", `${count(flows.confirmed)} of ` +
		    `${count(flows.capacity)} ` +
		    `(${percent(flows.confirmed, flows.capacity)})`],
		["Not confirmed yet", count(flows.embryonic)],
		["Idle", count(flows.idle)],
		["Closed", count(flows.closed)],
		["Found no room", count(flows.full)],
		["Made room for others", Object.entries(evicted).map(
		    ([what, number]) => `${count(number)} ${what}`)
		    .join(", ")],
		["Memory", octets(flows.memory)],
	];
}

function probeFacts({probes = {}})
{
	return [
		["Running", `${count(probes.running)} of ` +
		    `${count(probes.limit)}`],
		["Waiting", count(probes.waiting)],
		["Had to wait, ever", count(probes.put_off)],
	];
}

const INTERFACES = [
	{name: "name", title: "Interface", heads: true, kind: "long",
		show: put((i) => i.name)},
	{name: "up", title: "Link", show: putState((i) =>
	    [i.up ? "good" : "bad", i.up ? "up" : "down"])},
	{name: "attached", title: "Program", show: putState((i) =>
	    [i.attached ? "good" : "bad", !i.attached ? "not attached" :
		i.native ? "native" : "generic"])},
	{name: "members", title: "Members", kind: "wide",
		show: put((i) => (i.members ?? []).map((m) =>
		    m.attached ? m.name : `${m.name} (not attached)`)
		    .join(", "))},
];

const ORDERS = [
	{name: "order", title: "Order", show: putState((o) =>
	    [tone(o.order), o.order])},
	{name: "name", title: "About", heads: true, kind: "long",
		show: put((o) => `${o.kind} ${o.name}` +
		    (o.service ? ` in ${o.service}` : ""))},
	{name: "since", title: "Since", number: true,
		show: put((o) => date(o.since * 1000))},
	{name: "uid", title: "By user", number: true,
		show: put((o) => o.uid ?? "")},
	{name: "text", title: "Why", kind: "text wide",
		show: put((o) => o.text)},
];

function counted(key, title = "Reason")
{
	return [
		{name: "what", title, heads: true, kind: "long",
			show: put((d) => d[key])},
		{name: "packets", title: "Packets", number: true,
			show: put((d) => count(d.packets))},
		{name: "help", title: "Meaning", kind: "text wide",
			show: put((d) => d.help)},
	];
}

const RESULTS = [
	{name: "type", title: "Type", heads: true, show: put((r) => r.type)},
	{name: "outcome", title: "Outcome", show: put((r) => r.outcome)},
	{name: "count", title: "Probes", number: true,
		show: put((r) => count(r.count))},
];

// The configuration in effect, for those who ask for it.
function configuration()
{
	const text = el("pre", {class: "document", tabindex: "0",
		role: "group", "aria-label": "Configuration", hidden: true});
	const button = el("button", {type: "button", text: "Show",
		"aria-expanded": "false"});
	const {node, body} = panel("Configuration in effect", button);

	body.replaceWith(text);
	button.addEventListener("click", async () => {
		const opened = text.hidden;

		text.hidden = !opened;
		button.setAttribute("aria-expanded", String(opened));
		setText(button, opened ? "Hide" : "Show");
		if (!opened)
			return;
		setText(text, "Asking for it…");
		try {
			setText(text, JSON.stringify(await ask("config.json"),
			    null, 2));
		} catch (error) {
			setText(text, `It does not come: ${error.message}`);
		}
	});
	return {node, update() {}};
}

export function page()
{
	const daemon = factsPanel("Daemon", daemonFacts);
	const left = [
		tablePanel("Interfaces", INTERFACES, (i) => i.name,
		    (d) => d.interfaces, "There are none."),
		factsPanel("Flow table", flowFacts),
		factsPanel("Probes", probeFacts),
		tablePanel("Results of probes", RESULTS, (r) =>
		    `${r.type} ${r.outcome}`, (d) => d.probes?.results,
		    "None yet.", true),
	];
	const right = [
		tablePanel("Orders", ORDERS, (o) =>
		    `${o.kind} ${o.name} ${o.service}`, (d) => d.overrides,
		    "Nothing was ordered at run time."),
		tablePanel("Packets dropped", counted("reason"),
		    (d) => d.reason, (d) => d.drops, "None."),
		tablePanel("ICMP answered", counted("kind", "Kind"), (a) => a.kind,
		    (d) => d.answers, "None."),
		tablePanel("Sync: datagrams dropped", counted("reason"),
		    (d) => d.reason, (d) => d.sync?.dropped?.filter((drop) =>
			drop.packets > 0), "None.", true),
	];
	const config = configuration();
	const parts = [daemon, ...left, ...right, config];
	const stack = (list) => el("div", {class: "stack"},
	    ...list.map((part) => part.node));

	return {
		title: "System",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1",
			text: "System"}), daemon.node,
		    el("div", {class: "columns"}, stack(left), stack(right)),
		    config.node),
		overview: (document) =>
		    forAll(parts, (part) => part.update(document)),
		close: () => parts.forEach((part) => part.close?.()),
	};
}
