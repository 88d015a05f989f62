// Charts with an axis: columns by month, the whale curve, dots with intervals.

function axisLeft(pad, chart, y, left, right) {
	for (const tick of chart) {
		pad.line(left, y(tick.at), right, y(tick.at), tick.at === 0 ? "zero" : "rule");
		pad.text(left - 6, y(tick.at) + 4, say(tick.text), "muted end");
	}
}

// Labels beside each other's marks, none over another.
function spread(labels, gap, low, high) {
	const sorted = [...labels].sort((a, b) => a.y - b.y);
	let floor = low;
	for (const label of sorted) {
		label.at = Math.max(label.y, floor);
		floor = label.at + gap;
	}
	let ceiling = high;
	for (const label of sorted.reverse()) {
		label.at = Math.min(label.at, ceiling);
		ceiling = label.at - gap;
	}
	return labels;
}

// The segments of one month: gains upward, what was taken back downward.
function segments(chart, column) {
	let up = 0, down = 0;
	return chart.series.map((series) => {
		const value = series.values[column];
		const from = value < 0 ? down : up;
		if (value < 0) down += value;
		else up += value;
		return { series, value, from, to: from + value };
	});
}

function stackLabels(pad, chart, y, x, right, height) {
	const column = chart.complete.lastIndexOf(true) >= 0
		? chart.complete.lastIndexOf(true) : chart.x.length - 1;
	const labels = segments(chart, column).map((part) =>
		({ part, y: y((part.from + part.to) / 2) }));
	for (const label of spread(labels, 17, 18, height)) {
		pad.line(x(chart.x.length) + 2, label.y, right - 14, label.at, "leader");
		pad.add("rect", { x: right - 12, y: label.at - 5, width: 10, height: 10,
			class: "swatch hue" + label.part.series.hue });
		pad.text(right + 3, label.at + 4,
			fit(`${say(label.part.series.label)} ${say(label.part.series.text)}`,
				pad.width - right - 3));
	}
}

charts.stack = (chart, width, label) => {
	const pad = new Pad(width, label);
	const texts = chart.series.map((one) => `${say(one.label)} ${say(one.text)}`);
	const left = widest(chart.ticks.map((tick) => say(tick.text))) + 10;
	const right = width - Math.min(widest(texts) + 6, width * 0.4);
	const bottom = Math.max(240, chart.series.length * 18 + 40);
	const y = scale(chart.low, chart.ticks[chart.ticks.length - 1].at, bottom, 20);
	const x = scale(0, chart.x.length, left, right - 34);
	const step = x(1) - x(0), veil = pad.hatching("open", "veil");
	axisLeft(pad, chart.ticks.filter((tick) => tick.at >= chart.low), y, left, right - 34);
	const every = Math.ceil(58 / step);
	chart.x.forEach((month, column) => {
		const parts = segments(chart, column);
		const box = { x: x(column) + step * 0.1, width: step * 0.8 };
		for (const part of parts.filter((one) => one.value !== 0))
			pad.add("rect", { ...box, y: Math.min(y(part.from), y(part.to)),
				height: Math.max(Math.abs(y(part.to) - y(part.from)), 0.5),
				class: "mark hue" + part.series.hue },
			`${month}: ${say(part.series.label)}`);
		const top = y(Math.max(0, ...parts.map((part) => part.to)));
		if (!chart.complete[column])
			pad.add("rect", { ...box, y: top, height: y(0) - top, fill: veil },
				say(chart.open));
		const total = say(chart.totals[column]);
		if (widthOf(total) + 4 <= step * (every > 1 && column === chart.x.length - 1 ? 3 : 1))
			pad.text(x(column) + step / 2, top - 4, total, "middle muted");
		if ((chart.x.length - 1 - column) % every === 0)
			pad.text(x(column) + step / 2, bottom + 16, month, "middle muted");
	});
	stackLabels(pad, chart, y, x, right, bottom - 4);
	return pad.done(bottom + 22);
};

function curvePath(points, x, y) {
	return points.map((point, index) => (index ? "L" : "M")
		+ rounded(x(point[0])) + " " + rounded(y(point[1]))).join("");
}

charts.curve = (chart, width, label) => {
	const pad = new Pad(width, label);
	const bottom = 270, top = 40;
	const left = widest(chart.y_ticks.map((tick) => say(tick.text))) + 10;
	const right = width - 14;
	const ends = [chart.y_ticks[0].at, chart.y_ticks[chart.y_ticks.length - 1].at];
	const x = scale(0, 1, left, right), y = scale(ends[0], ends[1], bottom, top);
	pad.text(0, 12, fit(say(chart.y_label), width), "heading");
	axisLeft(pad, chart.y_ticks, y, left, right);
	for (const tick of chart.x_ticks.filter((one) => width >= narrow || one.at < 0.7 || one.at === 1))
		pad.text(x(tick.at), bottom + 18, say(tick.text), tick.at < 1 ? "middle muted" : "end muted");
	pad.foot(left, bottom + 36, say(chart.x_label));
	const peak = chart.points.reduce((best, point, index) =>
		point[1] > chart.points[best][1] ? index : best, 0);
	pad.add("path", { class: "area", d: `${curvePath(chart.points, x, y)}L${x(1)} ${y(0)}L${x(0)} ${y(0)}Z` });
	pad.add("path", { class: "mark curve", d: curvePath(chart.points.slice(0, peak + 1), x, y) });
	if (peak + 1 < chart.points.length)
		pad.add("path", { class: "mark fall", d: curvePath(chart.points.slice(peak), x, y) });
	chart.marks.forEach((mark) => {
		const text = say(mark.text), at = x(mark.x);
		pad.add("circle", { cx: at, cy: y(mark.y), r: 4.5, class: "mark dot0" }, text);
		const above = mark.role === "peak" || chart.marks.length === 1;
		const end = Math.max(at - 8, left + widthOf(text, 12, 600) + 8);
		pad.text(Math.min(end, width), above ? y(mark.y) - 10 : Math.min(y(mark.y) + 22, bottom - 8), text, "strong end");
	});
	return pad.done(bottom + 44);
};

// The series' names stand over the dots of the first row, apart from each other.
function dotHeads(pad, chart, x, y) {
	const points = chart.rows[0].points.filter((point) => point.head || chart.joined);
	points.sort((a, b) => a.value - b.value);
	const texts = points.map((point) => say(chart.series[point.series]));
	const at = points.map((point) => x(point.value));
	if (points.length === 2) {
		pad.text(at[0] + 4, y, texts[0], "muted end");
		pad.text(Math.max(at[1] - 4, at[0] + 14), y, texts[1], "muted");
	} else {
		const fits = at[0] + widthOf(texts[0]) < pad.width;
		pad.text(fits ? at[0] - 4 : pad.width, y, texts[0], fits ? "muted" : "muted end");
	}
}

function dotRow(pad, chart, row, x, y) {
	const values = row.points.map((point) => point.value);
	const low = Math.min(...values), high = Math.max(...values);
	if (row.points.length > 1 && high > low)
		pad.line(x(low), y, x(high), y, "range");
	for (const point of row.points) {
		if (point.low !== undefined && point.low !== null)
			pad.line(x(point.low), y, x(point.high), y, "range");
		pad.add("circle", { cx: x(point.value), cy: y,
			r: point.small ? 3.5 : 5.5, class: "mark " + (point.small ? "dot" : "dot" + point.series) },
		[say(point.name), say(point.text)].filter(Boolean).join(": "));
	}
	const said = row.points.filter((point) => !point.small);
	said.sort((a, b) => a.value - b.value).forEach((point, index) => {
		const before = said.length > 1 && index === 0;
		const edge = before ? low : Math.max(high, point.high ?? high);
		pad.text(x(edge) + (before ? -10 : 10), y + 4, say(point.text),
			before ? "end" : "");
	});
}

charts.dots = (chart, width, label) => {
	const pad = new Pad(width, label);
	const names = chart.rows.map((row) => say(row.label));
	const heads = [say(chart.row_label), say(chart.note_label)];
	const noted = chart.note_label && width >= narrow;
	const head = noted ? widthOf(heads[0], 12, 600) : 0;
	const first = Math.min(Math.max(widest(names), head) + 12, width * 0.36);
	const notes = chart.rows.map((row) => say(row.note));
	const note = noted ? Math.max(widest(notes), widthOf(heads[1], 12, 600)) + 30 : 10;
	const room = widest(chart.rows.flatMap((row) => row.points.map((point) => say(point.text)))) + 14;
	const x = scale(chart.ticks[0].at, chart.ticks[chart.ticks.length - 1].at,
		first + note + (chart.joined ? room : 6), width - room);
	const named = chart.joined || chart.rows[0].points.some((point) => point.head);
	const top = named ? 44 : 26, step = 27;
	const bottom = top + chart.rows.length * step;
	pad.text(0, 12, fit(heads[0], width, 600), "heading");
	if (noted) pad.text(first + note - 20, 12, heads[1], "heading end");
	for (const tick of chart.ticks) {
		pad.line(x(tick.at), top - 8, x(tick.at), bottom, tick.at === 0 ? "zero" : "rule");
		pad.text(x(tick.at), bottom + 16, say(tick.text), "middle muted");
	}
	chart.rows.forEach((row, index) => {
		const y = top + (index + 0.5) * step;
		pad.text(0, y + 4, fit(names[index], first - 8));
		if (noted) pad.text(first + note - 20, y + 4, notes[index], "muted end");
		dotRow(pad, chart, row, x, y);
	});
	if (named) dotHeads(pad, chart, x, top - 14);
	pad.foot(first + note, bottom + 34, say(chart.x_label));
	return pad.done(bottom + 42);
};
