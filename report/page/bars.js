// Horizontal bars: steps from total to total, and tables of bars.
const narrow = 460;

charts.steps = (chart, width, label) => {
	const pad = new Pad(width, label);
	const above = width < narrow;
	const names = chart.bars.map((bar) => say(bar.label));
	const left = above ? 0 : Math.min(widest(names, 600) + 12, width * 0.4);
	const values = chart.bars.map((bar) =>
		say(bar.text) + (bar.share === "–" ? "" : "  " + say(bar.share)));
	const right = width - widest(values, 600) - 14;
	const places = chart.bars.flatMap((bar) => [bar.from, bar.to]);
	const x = scale(Math.min(0, ...places), Math.max(0, ...places), left + 1, right);
	const row = above ? 40 : 30;
	chart.bars.forEach((bar, index) => {
		const y = index * row + (above ? 17 : 5);
		const thick = above ? 16 : 20;
		const middle = y + thick / 2 + 4;
		const kind = bar.role === "total" ? "strong" : "";
		if (above) pad.text(0, y - 5, fit(names[index], width), kind);
		else pad.text(left - 10, middle, fit(names[index], left - 10, 600), kind + " end");
		pad.bar(x(bar.from), x(bar.to), y, thick, bar.role,
			`${names[index]}: ${say(bar.text)}`);
		const value = pad.text(Math.max(x(bar.from), x(bar.to)) + 7, middle,
			say(bar.text), kind);
		if (bar.share !== "–")
			value.append(svg("tspan", { class: "muted", dx: 6 }, say(bar.share)));
		if (index + 1 < chart.bars.length && !above)
			pad.line(x(bar.to), y + thick, x(bar.to), y + row, "leader");
	});
	pad.line(x(0), 0, x(0), chart.bars.length * row, "zero");
	return pad.done(chart.bars.length * row + 2);
};

// The span of each column: its own, or one for all that stand for the same.
function spans(chart) {
	const of = chart.columns.map((_, column) => {
		const cells = chart.rows.map((row) => row.cells[column]);
		const values = cells.map((cell) => cell.value ?? 0);
		const most = Math.max(...cells.map((cell) => cell.most ?? 0));
		return [Math.min(0, ...values), Math.max(0, most, ...values)];
	});
	if (!chart.shared) return of;
	const all = [Math.min(...of.map((span) => span[0])),
		Math.max(...of.map((span) => span[1]))];
	return of.map(() => all);
}

function barHeads(pad, chart, left, cell) {
	const heads = chart.columns.map((head) => wrap(say(head), cell - 5, 600));
	const lines = Math.max(...heads.map((head) => head.length));
	heads.forEach((head, column) => head.forEach((line, index) => {
		pad.text(left + column * cell, 12 + 15 * (lines - head.length + index),
			line, "heading");
	}));
	const y = 18 + 15 * (lines - 1);
	pad.line(0, y, pad.width, y, "rule");
	return y + 4;
}

function barCell(pad, cell, x, y, span, room, hatch, none) {
	const tip = say(cell.tip) || say(cell.text);
	if (cell.none) {
		pad.add("rect", { x, y: y + 3, width: room * 0.6, height: 14,
			fill: hatch, class: "unseen" }, none);
		return;
	}
	pad.text(x, y + 12, fit(say(cell.text), room));
	if (cell.value === undefined || cell.value === null) return;
	const at = scale(span[0], span[1], x, x + room);
	pad.add("rect", { x, y: y + 17, width: room, height: 7, class: "track" });
	if (cell.value !== 0)
		pad.bar(at(0), at(cell.value), y + 17, 7,
			cell.tone || (cell.value < 0 ? "loss" : "bar"), tip);
	if (span[0] < 0) pad.line(at(0), y + 15, at(0), y + 26, "zero");
}

charts.bars = (chart, width, label) => {
	const pad = new Pad(width, label);
	const above = width < narrow;
	const names = chart.rows.map((row) => say(row.label));
	const left = above ? 0 : Math.min(widest(names) + 16, width * 0.32);
	const cell = (width - left) / chart.columns.length;
	const limits = spans(chart);
	const hatch = pad.hatching("none", "hatch");
	let y = barHeads(pad, chart, left, cell), group = null;
	chart.rows.forEach((row, index) => {
		if (chart.groups && row.group !== group) {
			group = row.group;
			pad.text(0, y + 16, fit(group, width), "heading");
			y += 22;
		}
		if (above) {
			pad.text(0, y + 13, fit(names[index], width), "strong");
			y += 17;
		} else {
			pad.text(0, y + 18, fit(names[index], left - 12));
		}
		row.cells.forEach((one, column) => barCell(pad, one, left + column * cell,
			y, limits[column], cell - 14, hatch, say(chart.none)));
		y += above ? 33 : 31;
	});
	return pad.done(y);
};
