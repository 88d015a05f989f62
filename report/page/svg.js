// Making elements.  Text goes in as text alone, never as markup.
const space = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
	for (const [key, value] of Object.entries(attributes))
		if (value !== null && value !== undefined)
			element.setAttribute(key, value);
	element.append(...children.filter((child) => child !== null));
	return element;
}

function html(tag, attributes = {}, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
	return fill(document.createElementNS(space, tag), attributes, children);
}

function rounded(number) {
	return Math.round(number * 100) / 100;
}

// A drawing pad: what charts draw on, from top to bottom.
class Pad {
	constructor(width, label) {
		this.width = Math.floor(width);
		this.root = svg("svg", { class: "chart", role: "img", "aria-label": label });
	}

	add(tag, attributes, tip) {
		for (const key of Object.keys(attributes))
			if (typeof attributes[key] === "number")
				attributes[key] = rounded(attributes[key]);
		const mark = svg(tag, attributes);
		if (tip) mark.append(svg("title", {}, tip));
		this.root.append(mark);
		return mark;
	}

	text(x, y, text, kind = "") {
		const mark = this.add("text", { x, y, class: kind || null });
		mark.append(text);
		return mark;
	}

	// The name of an axis: under its beginning, or as far left as it needs.
	foot(x, y, text) {
		const room = this.width - widthOf(text, 12, 600);
		this.text(Math.max(0, Math.min(x, room)), y, fit(text, this.width, 600), "heading");
	}

	line(x1, y1, x2, y2, kind) {
		return this.add("line", { x1, y1, x2, y2, class: kind });
	}

	// A bar between two places, whichever is the first.
	bar(from, to, y, height, kind, tip) {
		return this.add("rect", {
			x: Math.min(from, to), y, width: Math.max(Math.abs(to - from), 1),
			height, class: "mark " + kind, rx: Math.min(2, height / 4),
		}, tip);
	}

	// Hatching, of the name by which it is filled.
	hatching(name, kind) {
		const id = `${name}-${Pad.serial = (Pad.serial || 0) + 1}`;
		this.root.append(svg("defs", {}, svg("pattern", {
			id, width: 5, height: 5, patternUnits: "userSpaceOnUse",
			patternTransform: "rotate(45)",
		}, svg("line", { x1: 0, y1: 0, x2: 0, y2: 5, class: kind }))));
		return `url(#${id})`;
	}

	done(height) {
		this.root.setAttribute("viewBox", `0 0 ${this.width} ${Math.ceil(height)}`);
		this.root.setAttribute("width", this.width);
		this.root.setAttribute("height", Math.ceil(height));
		return this.root;
	}
}

// From figures to places.
function scale(low, high, from, to) {
	const span = high > low ? high - low : 1;
	return (value) => from + (value - low) / span * (to - from);
}

const charts = {};
