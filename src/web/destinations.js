// SPDX-License-Identifier: ISC
// The destinations of one service: a table, of which each row opens to show
// its checks with their transcripts and the way to the server.

import {el, facts, keyed, setAttribute, setState, setText, show, state}
    from "./dom.js";
import {UNKNOWN, age, bits, count, each, micro, octets}
    from "./format.js";
import {backendLink, checkText, latency, phasesText, tone, trouble}
    from "./model.js";
import {Table, openable, row} from "./table.js";

const COLUMNS = [
	{name: "open", title: "Details", hidden: true},
	{name: "address", title: "Backend", heads: true,
		sort: (d) => d.address},
	{name: "state", title: "State", sort: (d) => d.state},
	{name: "since", title: "Since", number: true, sort: (d) => d.since},
	{name: "weight", title: "Weight", number: true, sort: (d) => d.weight},
	{name: "bits", title: "Traffic", number: true,
		sort: (d) => d.rates?.bits},
	{name: "packets", title: "Packets", number: true,
		sort: (d) => d.rates?.packets},
	{name: "rate", title: "New conn.", number: true,
		sort: (d) => d.rates?.flows},
	{name: "flows", title: "Connections", number: true,
		sort: (d) => d.flows},
	{name: "latency", title: "Check", number: true, sort: latency},
	{name: "trouble", title: "Last error", kind: "text wide",
		sort: trouble},
];

// "25 → 100" while it rises.
function weight(destination)
{
	const now = destination.weight_now;

	return now === undefined || now === destination.weight ?
	    count(destination.weight) :
	    `${Number(now).toFixed(2).replace(/\.?0+$/, "")} of ` +
	    destination.weight;
}

function setTrouble(cell, destination)
{
	const text = trouble(destination);

	setText(cell, text);
	setAttribute(cell, "title", text.length > 120 ? text : null);
}

function makeRow(item)
{
	const view = row(COLUMNS);
	const {cells} = view;
	const mark = state("none", "");
	const order = el("span", {class: "order"});

	cells.address.append(el("a", {href: backendLink(item.address),
		class: "mono", text: item.address}));
	cells.state.append(mark, order);
	return openable({...view, update(d) {
		setState(mark, tone(d.state), d.state);
		setText(order, d.order ? `ordered: ${d.order}` : "");
		show(order, Boolean(d.order));
		setText(cells.since, age(d.since));
		setText(cells.weight, weight(d));
		setText(cells.bits, bits(d.rates?.bits));
		setText(cells.packets, each(d.rates?.packets));
		setText(cells.rate, each(d.rates?.flows));
		setText(cells.flows, count(d.flows));
		setText(cells.latency, micro(latency(d)));
		setTrouble(cells.trouble, d);
	}}, COLUMNS, `Checks of ${item.address}`, details);
}

function wayFacts(d)
{
	return [
		["Delivery", d.delivery],
		["Interface", (d.interface ?? "no route") +
		    (d.vlan ? `, VLAN ${d.vlan}` : "")],
		["Next hop", d.gateway ? `${d.gateway} at ${d.mac ?? "?"}` :
		    d.mac ?? "not resolved"],
		["MTU", d.mtu ? count(d.mtu) : UNKNOWN],
		["Healthy", d.healthy ? "yes" : "no"],
		["Forwarded", `${count(d.packets)} packets, ` +
		    octets(d.bytes)],
		["Connections", count(d.flows)],
		["Packets by hash alone", count(d.stateless)],
	];
}

// What is inside the row of a destination that was opened.
function details(destination)
{
	const way = facts();
	const problem = el("p", {class: "notice bad"});
	const checks = el("div");
	const none = el("p", {class: "soft", text: "It has no checks."});
	const node = el("div", {class: "stack"}, problem, checks, none,
	    way.node);

	return {
		node,
		update(d) {
			let number = 0;
			const list = (d.checks ?? []).map((check) =>
			    ({check, number: number++}));

			setText(problem, d.problem ?? "");
			show(problem, Boolean(d.problem));
			show(none, list.length === 0);
			keyed(checks, list, (item) => item.number, (item) =>
			    checkView(item.check, destination.address));
			way.update(wayFacts(d));
		},
	};
}

function checkLine(check)
{
	const parts = [];

	if (check.outcome)
		parts.push(`took ${micro(check.duration)}`, phasesText(check),
		    `${age(check.age)} ago`);
	if (check.next !== undefined)
		parts.push(`next in ${micro(check.next * 1000)}`);
	parts.push(`${count(check.passed)} passed, ` +
	    `${count(check.failed)} failed`);
	if (check.streak)
		parts.push(`${check.streak} in a row against its state`);
	return parts.filter((part) => part !== "").join(" · ");
}

function transcriptOf(check)
{
	return (check.sent ? `sent      ${check.sent}\n` : "") +
	    (check.received ? `received  ${check.received}` : "");
}

function checkView(first, address)
{
	const mark = state("none", "");
	const name = el("strong");
	const since = el("span", {class: "soft"});
	const result = el("span");
	const line = el("div", {class: "soft"});
	const diagnosis = el("p", {class: "verdict"});
	const warning = el("p", {class: "verdict"});
	const transcript = el("pre", {class: "transcript", tabindex: "0",
		role: "group", "aria-label":
		    `Transcript of the ${first.type} check of ${address}`});

	return {
		node: el("div", {class: "check"},
		    el("div", {class: "line"}, mark, name, result, since),
		    line, diagnosis, warning, transcript),
		update({check}) {
			setState(mark, check.decided ? tone(check.state) :
			    "none", check.decided ? check.state : "undecided");
			setText(name, check.port ?
			    `${check.type}, port ${check.port}` : check.type);
			setText(since, check.since === undefined ? "" :
			    `since ${age(check.since)}`);
			setText(result, checkText(check));
			setText(line, checkLine(check));
			for (const [node, text] of [
				[diagnosis, check.diagnosis],
				[warning, check.warning],
				[transcript, transcriptOf(check)]]) {
				setText(node, text ?? "");
				show(node, Boolean(text));
			}
		},
	};
}

// A table whose set() takes the list of a service's destinations.
export function destinationTable(label)
{
	return new Table({label, columns: COLUMNS, make: makeRow,
		keyOf: (d) => d.address, empty: "It has no destinations."});
}
