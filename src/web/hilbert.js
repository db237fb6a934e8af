// SPDX-License-Identifier: ISC
// The Hilbert curve: numbers that are close to each other are close on the
// map, and each prefix of an address is a square or half of one.

// Where number d is on a curve that fills a square of side 2^order: [x, y].
export function pointOf(d, order)
{
	let x = 0, y = 0;

	for (let s = 1; s < 2 ** order; s *= 2) {
		const rx = Math.floor(d / 2) & 1, ry = (d ^ rx) & 1;

		[x, y] = turned(s, x, y, rx, ry);
		x += s * rx;
		y += s * ry;
		d = Math.floor(d / 4);
	}
	return [x, y];
}

// And back.
export function numberOf(x, y, order)
{
	let d = 0;

	for (let s = 2 ** (order - 1); s >= 1; s /= 2) {
		const rx = (x & s) > 0 ? 1 : 0, ry = (y & s) > 0 ? 1 : 0;

		d += s * s * ((3 * rx) ^ ry);
		x &= s - 1;
		y &= s - 1;
		[x, y] = turned(s, x, y, rx, ry);
	}
	return d;
}

function turned(s, x, y, rx, ry)
{
	if (ry === 1)
		return [x, y];
	return rx === 1 ? [s - 1 - y, s - 1 - x] : [y, x];
}

// "203.0.112.0/20" as the number of its first 2 * order bits; null if it is no
// IPv4 prefix.
export function prefixNumber(text, order)
{
	const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/
	    .exec(text);

	if (parts === null || parts.slice(1, 5).some((part) => part > 255) ||
	    parts[5] > 32)
		return null;
	const address = parts.slice(1, 5).reduce((sum, part) =>
	    sum * 256 + Number(part), 0);

	return Math.floor(address / 2 ** (32 - 2 * order));
}

export function prefixText(number, order)
{
	const address = number * 2 ** (32 - 2 * order);
	const parts = [24, 16, 8, 0].map((shift) =>
	    Math.floor(address / 2 ** shift) % 256);

	return `${parts.join(".")}/${2 * order}`;
}
