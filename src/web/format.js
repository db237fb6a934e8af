// SPDX-License-Identifier: ISC
// Numbers and times as people read them.  What is not known is a dash.

export const UNKNOWN = "–";

const whole = new Intl.NumberFormat("en", {maximumFractionDigits: 0});
const some = new Intl.NumberFormat("en", {maximumSignificantDigits: 3});

function known(number)
{
	return typeof number === "number" && Number.isFinite(number);
}

// 1234567 as 1,234,567.
export function count(number)
{
	return known(number) ? whole.format(number) : UNKNOWN;
}

// 1234567 as 1.23 M; the unit follows.
export function short(number, unit = "")
{
	const steps = ["", "k", "M", "G", "T", "P", "E"];
	let step = 0;

	if (!known(number))
		return UNKNOWN;
	// What rounds to 1000 belongs to the next step.
	while (Math.abs(number) >= 999.5 && step < steps.length - 1) {
		number /= 1000;
		step++;
	}
	return `${some.format(number)} ${steps[step]}${unit}`.trimEnd();
}

export const bits = (number) => short(number, "bit/s");
export const packets = (number) => known(number) ?
    `${short(number)} packets/s` : UNKNOWN;
export const each = (number) => short(number, "/s");

// Octets, by 1024.
export function octets(number)
{
	const steps = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
	let step = 0;

	if (!known(number))
		return UNKNOWN;
	while (number >= 1000 && step < steps.length - 1) {
		number /= 1024;
		step++;
	}
	return `${some.format(number)} ${steps[step]}`;
}

export function percent(part, all)
{
	return known(part) && all > 0 ? `${some.format(100 * part / all)} %` :
	    UNKNOWN;
}

// Microseconds.
export function micro(number)
{
	if (!known(number))
		return UNKNOWN;
	if (number < 1000)
		return `${whole.format(number)} µs`;
	if (number < 999500)
		return `${some.format(number / 1000)} ms`;
	return `${some.format(number / 1e6)} s`;
}

// Seconds: the two largest units that are not nothing.
export function age(seconds)
{
	const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

	if (!known(seconds))
		return UNKNOWN;
	seconds = Math.max(0, Math.floor(seconds));
	for (let i = 0; i < units.length - 1; i++) {
		const [length, name] = units[i];

		if (seconds < length)
			continue;
		const [next, nextName] = units[i + 1];
		const rest = Math.floor(seconds % length / next);

		return `${Math.floor(seconds / length)} ${name}` +
		    (rest > 0 ? ` ${rest} ${nextName}` : "");
	}
	return `${seconds} s`;
}

const two = (number) => String(number).padStart(2, "0");

// Milliseconds since the epoch, as this browser's time of day.
export function time(milliseconds)
{
	const at = new Date(milliseconds);

	if (!known(milliseconds) || Number.isNaN(at.getTime()))
		return UNKNOWN;
	return `${two(at.getHours())}:${two(at.getMinutes())}:` +
	    two(at.getSeconds());
}

export function date(milliseconds)
{
	const at = new Date(milliseconds);

	if (!known(milliseconds) || Number.isNaN(at.getTime()))
		return UNKNOWN;
	return `${at.getFullYear()}-${two(at.getMonth() + 1)}-` +
	    `${two(at.getDate())} ${time(milliseconds)}`;
}

export function stamp(milliseconds)
{
	return known(milliseconds) && Math.abs(milliseconds) < 8.64e15 ?
	    new Date(milliseconds).toISOString() : "";
}
