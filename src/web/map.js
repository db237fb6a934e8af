// SPDX-License-Identifier: ISC
// The Hilbert map of IPv4 prefixes: a square is an address range, as bright as
// it is busy.  The pointer, or the arrow keys, pick one.

import {el, setAttribute} from "./dom.js";
import {numberOf, pointOf, prefixNumber, prefixText} from "./hilbert.js";

const ORDER = 10;         // of prefixes of 20 bits
const SIDE = 2 ** ORDER;
const LEAST = 64;         // cells of a side, when looked at most closely
const DOT = 3;            // px, the least that a prefix is drawn with
const LARGER = 5;         // px more, for the busiest

// From little to much, as lightness says too: dark blue, teal, yellow; and
// for a light page the other way round.
const DARK = [[38, 60, 112], [24, 120, 140], [66, 176, 120], [253, 231, 76]];
const LIGHT = [[176, 205, 226], [64, 145, 175], [30, 82, 140], [44, 10, 70]];

export function colour(share, dark)
{
	const stops = dark ? DARK : LIGHT;
	const at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
	const i = Math.min(stops.length - 2, Math.floor(at));
	const part = (k) => Math.round(stops[i][k] +
	    (stops[i + 1][k] - stops[i][k]) * (at - i));

	return `rgb(${part(0)} ${part(1)} ${part(2)})`;
}

export const isDark = () =>
    getComputedStyle(document.documentElement).colorScheme === "dark" ||
    (getComputedStyle(document.documentElement).colorScheme !== "light" &&
	matchMedia("(prefers-color-scheme: dark)").matches);

// ontell(prefix, entry or null, by keyboard) is told what is pointed at, or
// null.  Entries are [prefix, packets, octets].
export class PrefixMap {
	#entries = new Map(); // by number
	#most = 1;
	#view = {x: 0, y: 0, side: SIDE};
	#at = null; // {x, y} in cells
	#ontell;
	#busy = []; // numbers, the busiest first

	constructor(ontell)
	{
		this.#ontell = ontell;
		this.canvas = el("canvas", {width: "1280", height: "1280"});
		this.node = el("div", {class: "map", tabindex: "0",
			role: "application", "aria-roledescription": "map",
			"aria-label": "Hilbert map of IPv4 source prefixes",
			"aria-describedby": "map-keys"}, this.canvas);
		this.#listen();
		this.draw();
	}

	set(entries)
	{
		this.#entries = new Map();
		this.#most = 1;
		for (const entry of entries) {
			const number = prefixNumber(entry[0], ORDER);

			if (number === null)
				continue;
			this.#entries.set(number, entry);
			this.#most = Math.max(this.#most, entry[1]);
		}
		this.#busy = [...this.#entries.keys()].sort((a, b) =>
		    this.#entries.get(b)[1] - this.#entries.get(a)[1]);
		this.draw();
	}

	// Show this prefix, as if it was pointed at.
	pick(prefix)
	{
		const number = prefixNumber(prefix, ORDER);

		if (number === null)
			return;
		const [x, y] = pointOf(number, ORDER);

		this.#move({x, y}, true);
	}

	zoom(factor)
	{
		const {x, y, side} = this.#view;
		const at = this.#at ?? {x: x + side / 2, y: y + side / 2};
		const next = Math.max(LEAST, Math.min(SIDE, side * factor));
		const bound = (value) => Math.max(0, Math.min(SIDE - next,
		    Math.floor(value / (next / 4)) * (next / 4)));

		this.#view = {side: next, x: bound(at.x - next / 2),
			y: bound(at.y - next / 2)};
		this.draw();
	}

	// Browsers may refuse: too many pictures, too little memory, a setting.
	get drawable()
	{
		return this.canvas.getContext("2d") !== null;
	}

	get side()
	{
		return this.#view.side;
	}

	#listen()
	{
		const cell = (event) => {
			const box = this.node.getBoundingClientRect();
			const {x, y, side} = this.#view;
			const along = (at, start, length) => Math.max(0,
			    Math.min(side - 1, Math.floor((at - start) /
				length * side)));

			return {x: x + along(event.clientX, box.left, box.width),
				y: y + along(event.clientY, box.top, box.height)};
		};

		this.node.addEventListener("pointermove", (event) =>
		    this.#move(this.#nearest(cell(event)), false));
		this.node.addEventListener("pointerleave", () =>
		    this.#move(null, false));
		this.node.addEventListener("dblclick", (event) => {
			this.#at = cell(event);
			this.zoom(1 / 2);
		});
		this.node.addEventListener("keydown", (event) =>
		    this.#key(event));
	}

	// What is drawn larger than it is can be pointed at where it is drawn.
	#nearest(at)
	{
		const reach = Math.ceil(this.#view.side /
		    this.node.clientWidth * DOT / 2);
		let best = at, distance = Infinity;

		for (let dx = -reach; dx <= reach; dx++)
			for (let dy = -reach; dy <= reach; dy++) {
				const x = at.x + dx, y = at.y + dy;

				if (x < 0 || y < 0 || x >= SIDE || y >= SIDE ||
				    !this.#entries.has(numberOf(x, y, ORDER)) ||
				    dx * dx + dy * dy >= distance)
					continue;
				best = {x, y};
				distance = dx * dx + dy * dy;
			}
		return best;
	}

	#key(event)
	{
		const {x, y, side} = this.#view;
		const at = this.#at ?? {x: x + side / 2, y: y + side / 2};
		const step = event.shiftKey ? Math.max(1, side / 16) : 1;
		const moves = {ArrowLeft: [-step, 0], ArrowRight: [step, 0],
			ArrowUp: [0, -step], ArrowDown: [0, step]};

		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.key in moves) {
			const [dx, dy] = moves[event.key];
			const within = (value) =>
			    Math.max(0, Math.min(SIDE - 1, Math.floor(value)));

			this.#move({x: within(at.x + dx), y: within(at.y + dy)},
			    true);
		} else if (event.key === "n" || event.key === "p")
			this.#next(event.key === "n" ? 1 : -1);
		else if (event.key === "+" || event.key === "=")
			this.zoom(1 / 2);
		else if (event.key === "-")
			this.zoom(2);
		else if (event.key === "Escape")
			this.#move(null, true);
		else
			return;
		event.preventDefault();
	}

	// The next one in the order of how busy they are.
	#next(step)
	{
		const all = this.#busy.length;
		const here = this.#at === null ? -1 : this.#busy.indexOf(
		    numberOf(this.#at.x, this.#at.y, ORDER));

		if (all === 0)
			return;
		const index = here === -1 ? (step > 0 ? 0 : all - 1) :
		    (here + step + all) % all;
		const [x, y] = pointOf(this.#busy[index], ORDER);

		this.#move({x, y}, true);
	}

	#move(at, byKeyboard)
	{
		this.#at = at;
		if (at !== null && byKeyboard)
			this.#reveal(at);
		this.draw();
		if (at === null) {
			this.#ontell(null, null, byKeyboard);
			return;
		}
		const number = numberOf(at.x, at.y, ORDER);

		this.#ontell(prefixText(number, ORDER),
		    this.#entries.get(number) ?? null, byKeyboard);
	}

	#reveal({x, y})
	{
		const {side} = this.#view;
		const into = (value, start) => value < start ||
		    value >= start + side ? Math.max(0, Math.min(SIDE - side,
			value - side / 2)) : start;

		this.#view = {side, x: into(x, this.#view.x),
			y: into(y, this.#view.y)};
	}

	draw()
	{
		const context = this.canvas.getContext("2d");

		if (context === null)
			return;
		const width = this.canvas.width;
		const {x: left, y: top, side} = this.#view;
		const scale = width / side, dark = isDark();
		const dot = Math.max(scale, DOT * 2);
		const range = Math.log1p(this.#most);

		setAttribute(this.node, "data-side", side);
		context.clearRect(0, 0, width, width);
		this.#grid(context, scale, dark);
		// The busiest are drawn last, on top.
		for (let i = this.#busy.length - 1; i >= 0; i--) {
			const [x, y] = pointOf(this.#busy[i], ORDER);

			if (x < left - 1 || y < top - 1 || x > left + side ||
			    y > top + side)
				continue;
			const packets = this.#entries.get(this.#busy[i])[1];

			const share = Math.log1p(packets) / range;
			const size = Math.max(dot, 2 * (DOT +
			    LARGER * share ** 4));

			context.fillStyle = colour(share, dark);
			context.fillRect((x - left + 0.5) * scale - size / 2,
			    (y - top + 0.5) * scale - size / 2, size, size);
		}
		this.#cursor(context, scale, dark);
	}

	// Lines around each /8, or what of it is seen, and its number.
	#grid(context, scale, dark)
	{
		const cell = SIDE / 16;
		const {x: left, y: top, side} = this.#view;

		context.strokeStyle = dark ? "#2c3744" : "#cbd3da";
		context.fillStyle = dark ? "#7f8c99" : "#66737f";
		context.lineWidth = 1.5;
		context.font = `${side === SIDE ? 19 : 26}px sans-serif`;
		for (let number = 0; number < 256; number++) {
			const [i, j] = pointOf(number, 4);
			const x = (i * cell - left) * scale;
			const y = (j * cell - top) * scale;

			context.strokeRect(x, y, cell * scale, cell * scale);
			context.fillText(String(number), x + 6,
			    y + (side === SIDE ? 21 : 30));
		}
	}

	#cursor(context, scale, dark)
	{
		if (this.#at === null)
			return;
		const {x: left, y: top} = this.#view;
		const size = Math.max(scale, DOT * 2) + 8;
		const x = (this.#at.x - left + 0.5) * scale;
		const y = (this.#at.y - top + 0.5) * scale;

		context.lineWidth = 3;
		context.strokeStyle = dark ? "#ffffff" : "#000000";
		context.strokeRect(x - size / 2, y - size / 2, size, size);
	}
}
