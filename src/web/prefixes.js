// SPDX-License-Identifier: ISC
// Where packets come from: the map, and the same as tables.

import {el, panel, setText, show} from "./dom.js";
import {age, count, octets, percent, short} from "./format.js";
import {searchBox} from "./filters.js";
import {NoAnswer, ask} from "./live.js";
import {PrefixMap, colour, isDark} from "./map.js";
import {matches, wordsOf} from "./model.js";
import {repeat} from "./repeat.js";
import {plain, put} from "./table.js";

const LOOK = 5000; // ms
const MOST = 100;  // prefixes that are listed until all are asked for

function table(label, total, pick)
{
	return plain(label, [
		{name: "prefix", title: "Prefix", heads: true, kind: "long",
			sort: (p) => p[0], show(cell, p) {
				if (cell.firstChild === null)
					cell.append(pick ? el("button", {
						type: "button", class: "link",
						text: p[0],
						title: "Show it on the map",
						onclick: () => pick(p[0])}) :
					    el("span", {class: "mono",
						text: p[0]}));
			}},
		{name: "packets", title: "Packets", number: true,
			sort: (p) => p[1], show: put((p) => count(p[1]))},
		{name: "share", title: "Share", number: true,
			show: put((p) => percent(p[1], total()))},
		{name: "octets", title: "Octets", number: true,
			sort: (p) => p[2], show: put((p) => octets(p[2]))},
	], (p) => p[0], "No packets have come from any.");
}

// What is dropped early: whatever the daemon says of it, as columns.
function blockedTable()
{
	const of = (entry, key, index) => Array.isArray(entry) ?
	    entry[index] : entry[key];

	return plain("Blocked prefixes", [
		{name: "prefix", title: "Prefix", heads: true, kind: "mono",
			sort: (b) => of(b, "prefix", 0),
			show: put((b) => of(b, "prefix", 0))},
		{name: "packets", title: "Packets dropped", number: true,
			sort: (b) => of(b, "packets", 1),
			show: put((b) => count(of(b, "packets", 1)))},
		{name: "octets", title: "Octets", number: true,
			show: put((b) => octets(of(b, "octets", 2)))},
		{name: "left", title: "Until", number: true, show: put((b) =>
		    typeof b.left === "number" ? `${age(b.left)} left` :
			"unblocked")},
		{name: "source", title: "By", show: put((b) => b.source)},
	], (b) => of(b, "prefix", 0), "None is blocked.");
}

function legend()
{
	const canvas = el("canvas", {width: "140", height: "10",
		"aria-hidden": "true"});
	const least = el("span", {text: "few"}), most = el("span");

	return {
		node: el("div", {class: "legend"}, least, canvas, most),
		update(busiest) {
			const context = canvas.getContext("2d");

			show(canvas, context !== null);
			for (let x = 0; context !== null && x < 140; x++) {
				context.fillStyle = colour(x / 139, isDark());
				context.fillRect(x, 0, 1, 10);
			}
			setText(most, `${short(busiest)} packets`);
		},
	};
}

const sumOf = (list) => list.reduce((sum, entry) => sum + entry[1], 0);

function sorted(family)
{
	return [...family?.prefixes ?? []].sort((a, b) => b[1] - a[1]);
}

// Where there is no picture, the tables say the same.
function noMap(scale)
{
	const {node, body} = panel("Map");

	body.append(el("p", {class: "notice", text: "This browser draws no " +
	    "pictures here. The lists have all that the map would show."}));
	return {node, scale};
}

function mapPanel(map, told)
{
	const scale = legend();
	const zoom = (factor) => () => map.zoom(factor);

	if (!map.drawable)
		return noMap(scale);
	const {node, body} = panel("Map", scale.node,
	    el("button", {type: "button", text: "+", "aria-label": "Closer",
		onclick: zoom(1 / 2)}),
	    el("button", {type: "button", text: "−", "aria-label":
		"Farther away", onclick: zoom(2)}));

	body.append(map.node, told, el("p", {class: "soft", id: "map-keys",
		text: "Each /20 of IPv4 addresses is a point, along a " +
		    "Hilbert curve; the numbers are those of /8s. Keys: " +
		    "arrows move, with Shift farther; n and p go to the " +
		    "next busiest and back; + and − zoom. Counts follow " +
		    "from samples; the tables have them as text."}));
	return {node, scale};
}

export function page(parameters)
{
	// Only what the keyboard picks is said aloud.
	const told = el("p", {class: "told mono", "aria-live": "off"});
	const map = new PrefixMap((prefix, entry, byKeyboard) => {
		told.setAttribute("aria-live", byKeyboard ? "polite" : "off");
		setText(told, prefix === null ? "" : entry === null ?
		    `${prefix}: no packets` :
		    `${prefix}: ${count(entry[1])} packets, ` +
		    octets(entry[2]));
	});
	const filter = searchBox("Filter prefixes", parameters.get("q"), draw);
	const counted = el("span", {class: "soft"});
	const {node: picture, scale} = mapPanel(map, told);
	const all = el("button", {type: "button", text: "Show all",
		"aria-pressed": "false", onclick() {
			all.ariaPressed = String(all.ariaPressed !== "true");
			draw();
		}});
	const {node: four, body: fourBody} = panel("IPv4 prefixes", counted,
	    el("div", {class: "filters"}, filter.node, all));
	const {node: six, body: sixBody} = panel("IPv6 prefixes");
	const {node: blocked, body: blockedBody} = panel("Blocked");
	const missing = el("p", {class: "notice", hidden: true});
	let totals = [0, 0], ipv4 = [], ipv6 = [];
	const tables = [
		table("IPv4 prefixes", () => totals[0], map.drawable &&
		    ((prefix) => {
			map.pick(prefix);
			map.node.scrollIntoView({block: "nearest"});
		})),
		table("IPv6 prefixes", () => totals[1], null),
		blockedTable(),
	];

	function draw()
	{
		const words = wordsOf(filter.value());

		const fit = ipv4.filter((p) => matches(words, p[0]));
		const shown = all.ariaPressed === "true" ? fit :
		    fit.slice(0, MOST);

		show(all, fit.length > MOST);
		setText(counted, shown.length === ipv4.length ?
		    count(ipv4.length) :
		    `${count(shown.length)} of ${count(ipv4.length)}`);
		tables[0].set(shown);
		tables[1].set(ipv6.filter((p) => matches(words, p[0])));
	}

	fourBody.replaceWith(tables[0].node);
	sixBody.replaceWith(tables[1].node);
	blockedBody.replaceWith(tables[2].node);
	const stop = repeat(async () => {
		try {
			const document = await ask("prefixes.json");

			ipv4 = sorted(document.ipv4);
			ipv6 = sorted(document.ipv6);
			totals = [sumOf(ipv4), sumOf(ipv6)];
			map.set(ipv4);
			scale.update(ipv4[0]?.[1] ?? 0);
			draw();
			tables[2].set(document.blocked ?? []);
			show(missing, false);
		} catch (error) {
			if (!(error instanceof NoAnswer))
				throw error;
			setText(missing, "The source prefixes do not come: " +
			    error.message);
			show(missing, true);
		}
	}, LOOK);
	const redraw = () => {
		map.draw();
		scale.update(ipv4[0]?.[1] ?? 0);
	};

	addEventListener("theme", redraw);
	return {
		title: "Prefixes",
		node: el("div", {class: "stack"},
		    el("h1", {class: "hidden", tabindex: "-1",
			text: "Source prefixes"}), missing,
		    el("div", {class: "mapping"}, picture,
			el("div", {class: "stack"}, four, six, blocked))),
		filters: () => ({q: filter.value()}),
		close() {
			stop();
			removeEventListener("theme", redraw);
			tables.forEach((t) => t.close());
		},
	};
}
