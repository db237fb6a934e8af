// SPDX-License-Identifier: ISC
// Tables.  Of a long one only the rows near what can be seen exist: the others
// are stood in for by empty bodies as high as they would be.  Roles are said
// expressly, as tables that are folded for phones would lose them.

import {el, keyed, setAttribute, setState, setText, state} from "./dom.js";

const CHUNK = 20;   // rows that come and go together
const FEW = 80;     // rows that are always there
const MARGIN = 600; // px above and below what can be seen
const ROW = 36;     // px, of rows of which none was ever seen

// What shows a cell: a text of the item, or a state of it.
export const put = (text) => (cell, item) => setText(cell, text(item));

export function putState(of)
{
	return (cell, item) => {
		if (cell.firstChild === null)
			cell.append(state("none", ""));
		setState(cell.firstChild, ...of(item));
	};
}

// Columns are {name, title, number (bool), kind (class), sort(item)}.
function headings(columns, onsort)
{
	return el("tr", {role: "row"}, ...columns.map((column) => el("th", {
		role: "columnheader",
		scope: "col",
		class: column.number ? "number" : column.kind,
		"data-column": column.name,
	}, column.sort && onsort ?
	    el("button", {type: "button", text: column.title,
		onclick: () => onsort(column)}) : column.hidden ?
	    el("span", {class: "hidden", text: column.title}) : column.title)));
}

// A row: {node, line, cells}, by the columns' names.  The first that has
// "heads" is the heading of its row.
export function row(columns)
{
	const cells = {};
	const line = el("tr", {role: "row", class: "row"},
	    ...columns.map((column) => {
		const label = column.hidden || column.heads ? null :
		    column.title;

		cells[column.name] = el(column.heads ? "th" : "td", {
			role: column.heads ? "rowheader" : "cell",
			scope: column.heads ? "row" : null,
			class: column.number ? "number" : column.kind,
			"data-label": label,
		});
		return cells[column.name];
	}));

	return {node: el("tbody", {role: "rowgroup"}, line), line, cells};
}

// A row that can be opened: inside(item) gives {node, update(item), close()}
// for what is below it then.  The button is the cell "open".
export function openable(view, columns, label, inside)
{
	let item = null, content = null, below = null;
	const button = el("button", {type: "button", class: "opener",
		"aria-expanded": "false", "aria-label": label});

	function close()
	{
		content?.close?.();
		below?.remove();
		content = below = null;
		setAttribute(button, "aria-expanded", "false");
	}

	function open()
	{
		content = inside(item);
		below = el("tr", {role: "row", class: "more"},
		    el("td", {role: "cell", colspan: String(columns.length)},
			el("div", {class: "inner"}, content.node)));
		view.node.append(below);
		setAttribute(button, "aria-expanded", "true");
		content.update?.(item);
	}

	button.addEventListener("click", () => below ? close() : open());
	view.cells.open.append(button);
	return {
		...view,
		button,
		keep: () => below !== null,
		close,
		update(next) {
			item = next;
			view.update?.(next);
			content?.update?.(next);
		},
	};
}

export class Table {
	#columns;
	#keyOf;
	#make;
	#items = [];
	#by = null; // {column, descending}
	#rank = new Map(); // of the keys, when they were sorted last
	#heights = []; // of chunks, px
	#usual = ROW;
	#given = [];
	#empty;
	#label;
	#onscroll;

	// make(item) gives {node: a body, update(item), keep(), close()}.
	constructor({label, columns, keyOf, make, empty})
	{
		this.#columns = columns;
		this.#keyOf = keyOf;
		this.#make = make;
		this.#empty = empty ?? "None.";
		this.head = headings(columns, (column) => this.sort(column));
		const head = el("thead", {role: "rowgroup"}, this.head);

		this.table = el("table", {role: "table", class: "fold"},
			el("caption", {class: "hidden", text: label}), head);
		this.table.fixed = head;
		this.none = el("p", {class: "empty", text: this.#empty});
		this.node = el("div", {class: "scroll"}, this.table, this.none);
		this.#label = label;
		let waiting = false;

		this.#onscroll = () => {
			if (waiting)
				return;
			waiting = true;
			requestAnimationFrame(() => {
				waiting = false;
				this.#render(true);
			});
		};
		addEventListener("scroll", this.#onscroll, {passive: true});
		addEventListener("resize", this.#onscroll, {passive: true});
	}

	close()
	{
		removeEventListener("scroll", this.#onscroll);
		removeEventListener("resize", this.#onscroll);
		for (const view of this.table.keyed?.values() ?? [])
			view.close?.();
	}

	set(items, empty)
	{
		this.#given = items;
		setText(this.none, empty ?? this.#empty);
		this.none.hidden = items.length > 0;
		this.table.hidden = items.length === 0;
		setAttribute(this.table, "aria-rowcount", items.length + 1);
		this.#order();
		this.#render();
	}

	// Once more the same column turns the order round, and then back to
	// the order that was given.
	sort(column)
	{
		const again = this.#by?.column === column;
		const first = column.number === true;

		if (again && this.#by.descending !== first)
			this.#by = null;
		else
			this.#by = {column,
				descending: again ? !this.#by.descending : first};
		for (const th of this.head.children) {
			const sorted = th.dataset.column ===
			    this.#by?.column.name;

			setAttribute(th, "aria-sort", !sorted ? null :
			    this.#by.descending ? "descending" : "ascending");
		}
		this.#rank.clear();
		this.#order();
		this.#render();
	}

	// Rows don't run away from who points at them.
	#held()
	{
		return this.#rank.size > 0 && (this.table.matches(":hover") ||
		    this.table.contains(document.activeElement));
	}

	#order()
	{
		const {column, descending} = this.#by ?? {};
		const sign = descending ? -1 : 1;
		const items = this.#given.map((item, index) =>
		    ({item, index, key: String(this.#keyOf(item))}));

		if (this.#by && this.#held())
			items.sort((a, b) =>
			    (this.#rank.get(a.key) ?? Infinity) -
			    (this.#rank.get(b.key) ?? Infinity) ||
			    a.index - b.index);
		else if (this.#by)
			items.sort((a, b) => sign * compare(column.sort(a.item),
			    column.sort(b.item)) || a.index - b.index);
		this.#rank = new Map(items.map(({key}, index) => [key, index]));
		this.#items = items.map(({item}) => item);
	}

	// What has to be there: items, and for chunks out of sight, spacers.
	#parts()
	{
		const chunks = Math.ceil(this.#items.length / CHUNK);
		const needed = this.#needed();
		let top = this.table.getBoundingClientRect().top;
		const parts = [];

		for (let i = 0; i < chunks; i++) {
			const items = this.#items.slice(i * CHUNK, (i + 1) * CHUNK);
			const height = this.#heights[i] ??
			    items.length * this.#usual;
			const seen = this.#items.length <= FEW ||
			    top < innerHeight + MARGIN &&
			    top + height > -MARGIN;

			if (seen || needed.has(i))
				parts.push(...items.map((item) => ({item})));
			else
				parts.push({spacer: i, height, always: true});
			top += height;
		}
		return parts;
	}

	// Chunks with rows that are open, or have the focus.
	#needed()
	{
		const chunks = new Set();

		for (const [key, view] of this.table.keyed ?? [])
			if (key[0] === "i" && kept(view))
				chunks.add(Math.floor(
				    this.#rank.get(key.slice(1)) / CHUNK));
		return chunks;
	}

	#render(onlyNew = false)
	{
		const parts = this.#parts();

		for (const [key, view] of this.table.keyed ?? [])
			if (key[0] === "i" && !this.#rank.has(key.slice(1)))
				view.close?.();
		keyed(this.table, parts, (part) => "item" in part ?
		    "i" + this.#keyOf(part.item) : "s" + part.spacer,
		    (part) => "item" in part ? this.#row(part.item) :
			spacer(this.#columns.length), onlyNew);
		this.#measure(parts);
		this.#reach();
	}

	// What is wider than its place is moved by keys, too.
	#reach()
	{
		const {node} = this;
		const wide = node.scrollWidth > node.clientWidth;

		setAttribute(node, "tabindex", wide ? "0" : null);
		setAttribute(node, "role", wide ? "group" : null);
		setAttribute(node, "aria-label", wide ? this.#label : null);
	}

	#row(item)
	{
		const view = this.#make(item);

		return {...view, update: ({item: next}) => {
			const index = this.#rank.get(String(this.#keyOf(next)));

			setAttribute(view.line ?? view.node, "aria-rowindex",
			    index + 2);
			view.update(next);
		}};
	}

	// Heights of the chunks that are there, for when they are not.
	#measure(parts)
	{
		if (this.#items.length <= FEW)
			return;
		const views = this.table.keyed;

		for (let i = 0; i * CHUNK < this.#items.length; i++) {
			const end = Math.min(this.#items.length, (i + 1) * CHUNK);
			const first = views.get("i" +
			    this.#keyOf(this.#items[i * CHUNK]));
			const last = views.get("i" +
			    this.#keyOf(this.#items[end - 1]));

			if (!first || !last || parts.length === 0)
				continue;
			this.#heights[i] =
			    last.node.getBoundingClientRect().bottom -
			    first.node.getBoundingClientRect().top;
			// The first ones tell how high the others will be.
			if (this.#usual === ROW && this.#heights[i] > 0) {
				this.#usual = this.#heights[i] /
				    (end - i * CHUNK);
				this.#onscroll();
			}
		}
	}
}

function kept(view)
{
	return view !== undefined && (view.keep?.() ||
	    view.node.contains(document.activeElement));
}

function compare(a, b)
{
	if (a === b)
		return 0;
	if (a === null || a === undefined)
		return -1;
	if (b === null || b === undefined)
		return 1;
	return typeof a === "string" && typeof b === "string" ?
	    a.localeCompare(b, "en", {numeric: true}) : a < b ? -1 : 1;
}

function spacer(columns)
{
	const cell = el("td", {role: "cell", colspan: String(columns)});

	return {
		node: el("tbody", {role: "presentation", "aria-hidden": "true"},
		    el("tr", {role: "presentation", class: "spacer"}, cell)),
		update({height}) {
			const wanted = `${Math.round(height)}px`;

			if (cell.style.height !== wanted)
				cell.style.height = wanted;
		},
	};
}

// A plain table of few rows: columns also have show(cell, item).
export function plain(label, columns, keyOf, empty)
{
	const table = new Table({label, columns, keyOf, empty, make() {
		const view = row(columns);

		return {...view, update(item) {
			for (const column of columns)
				column.show(view.cells[column.name], item);
		}};
	}});

	return table;
}
