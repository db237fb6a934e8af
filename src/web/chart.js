// SPDX-License-Identifier: ISC
// A small time-line chart of the last hour, with its figures as text.  Pointer
// and arrow keys read single values from it.

import {el, setAttribute, setText, svg} from "./dom.js";
import {UNKNOWN, time} from "./format.js";

const WIDTH = 360, HEIGHT = 100, HEADROOM = 1.08;

function summary(values)
{
	const known = values.filter((value) => value !== null);

	if (known.length === 0)
		return null;
	return {
		least: known.reduce((a, b) => Math.min(a, b)),
		most: known.reduce((a, b) => Math.max(a, b)),
		mean: known.reduce((a, b) => a + b) / known.length,
		last: known.at(-1),
	};
}

// The paths of trace and area: gaps where nothing is known.
function paths(values, most)
{
	const dx = WIDTH / Math.max(1, values.length - 1);
	const y = (value) =>
	    (HEIGHT - value / (most * HEADROOM) * HEIGHT).toFixed(1);
	let trace = "", area = "", start = -1;

	for (let i = 0; i <= values.length; i++) {
		const value = values[i] ?? null;
		const x = (i * dx).toFixed(1);

		if (value !== null) {
			trace += `${start < 0 ? "M" : "L"}${x} ${y(value)}`;
			area += start < 0 ? `M${x} ${HEIGHT}L${x} ${y(value)}` :
			    `L${x} ${y(value)}`;
			if (start < 0)
				start = i;
		} else if (start >= 0) {
			const end = ((i - 1) * dx).toFixed(1);

			// A value alone is a dot.
			if (start === i - 1)
				trace += "h-2";
			area += `L${end} ${HEIGHT}Z`;
			start = -1;
		}
	}
	return {trace, area};
}

// A chart named label, of values that format(value) makes text of.
export class Chart {
	#format;
	#values = [];
	#now = 0;
	#step = 10;
	#at = null; // index of the value that is read

	constructor(label, format, tall = false)
	{
		this.#format = format;
		this.area = svg("path", {class: "area"});
		this.trace = svg("path", {class: "trace",
			"stroke-linecap": "round"});
		this.cursor = svg("path", {class: "cursor"});
		this.picture = svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
			preserveAspectRatio: "none", "aria-hidden": "true"},
			svg("path", {class: "grid",
				d: `M0 ${HEIGHT}H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}`}),
			this.area, this.trace, this.cursor);
		this.left = el("span");
		this.right = el("span");
		this.plot = el("div", {class: tall ? "chart tall" : "chart",
			role: "slider", tabindex: "0", "aria-label": label,
			"aria-valuemin": "0", "aria-valuemax": "0",
			"aria-valuenow": "0"}, this.picture);
		this.node = el("div", null, this.plot,
			el("div", {class: "reading"}, this.left, this.right));
		this.#listen();
		this.#tell();
	}

	// values: the newest last, null where nothing is known; now in epoch
	// seconds, step in seconds.
	update(values, now, step)
	{
		this.#values = Array.isArray(values) ? values : [];
		this.#now = now;
		this.#step = step;
		const figures = summary(this.#values);
		const {trace, area} = paths(this.#values,
		    figures === null || figures.most <= 0 ? 1 : figures.most);

		setAttribute(this.trace, "d", trace);
		setAttribute(this.area, "d", area);
		setAttribute(this.plot, "aria-valuemax",
		    Math.max(0, this.#values.length - 1));
		this.#tell();
	}

	#listen()
	{
		const read = (event) => {
			const box = this.plot.getBoundingClientRect();
			const last = this.#values.length - 1;

			this.#read(Math.round(
			    (event.clientX - box.left) / box.width * last));
		};

		this.plot.addEventListener("pointermove", read);
		this.plot.addEventListener("pointerdown", read);
		for (const end of ["pointerleave", "blur"])
			this.plot.addEventListener(end, () => this.#read(null));
		this.plot.addEventListener("keydown", (event) => {
			const last = this.#values.length - 1;
			const at = this.#at ?? last;
			const goal = {
				ArrowLeft: at - 1, ArrowDown: at - 1,
				ArrowRight: at + 1, ArrowUp: at + 1,
				PageUp: at + 30, PageDown: at - 30,
				Home: 0, End: last, Escape: null,
			}[event.key];

			if (goal === undefined)
				return;
			event.preventDefault();
			this.#read(goal);
		});
	}

	#read(at)
	{
		const last = this.#values.length - 1;

		this.#at = at === null || last < 0 ? null :
		    Math.max(0, Math.min(last, at));
		this.#tell();
	}

	#text(value)
	{
		return value === null || value === undefined ? "not known" :
		    this.#format(value);
	}

	#tell()
	{
		const last = this.#values.length - 1;
		const figures = summary(this.#values);
		const x = this.#at === null ? null :
		    (this.#at * WIDTH / Math.max(1, last)).toFixed(1);

		setAttribute(this.cursor, "d",
		    x === null ? null : `M${x} 0V${HEIGHT}`);
		setAttribute(this.plot, "aria-valuenow",
		    Math.max(0, this.#at ?? last));
		if (this.#at !== null) {
			const when = time((this.#now -
			    (last - this.#at) * this.#step) * 1000);
			const value = this.#text(this.#values[this.#at]);

			setText(this.left, when);
			setText(this.right, value);
			setAttribute(this.plot, "aria-valuetext",
			    `${when}: ${value}`);
			return;
		}
		const mean = figures === null ? UNKNOWN :
		    this.#format(figures.mean);
		const most = figures === null ? UNKNOWN :
		    this.#format(figures.most);

		setText(this.left, `mean ${mean}`);
		setText(this.right, `most ${most}`);
		setAttribute(this.plot, "aria-valuetext", figures === null ?
		    "Nothing is known of the last hour" :
		    `now ${this.#format(figures.last)}; in the last hour ` +
		    `from ${this.#format(figures.least)} to ${most}, ` +
		    `mean ${mean}`);
	}
}
