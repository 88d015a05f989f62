// Heat maps.  A zero that was observed is a cell with 0; what was not observed
// is hatched and without a number.

// What fits of many columns: all, or those of a coarser scale.
function columnsThatFit(chart, room, least) {
	const all = chart.x.map((_, index) => index);
	if (room / all.length >= least) return all;
	const coarse = [0, 1, 2, 3, 6, 9, 12, 18, 24].filter((at) => at < all.length);
	return coarse.slice(0, Math.max(1, Math.floor(room / least)));
}

function gridCell(pad, cell, x, y, width, height, hatch) {
	const box = { x: x + 1, y: y + 1, width: width - 2, height: height - 2, rx: 2 };
	if (cell.state === "none") {
		pad.add("rect", { ...box, fill: hatch, class: "unseen" }, say(cell.tip));
		return;
	}
	pad.add("rect", { ...box, class: "cell" });
	if (cell.value > 0)
		pad.add("rect", { ...box, class: "mark heat",
			"fill-opacity": 0.06 + 0.6 * cell.value }, say(cell.tip));
	if (cell.state === "part")
		pad.add("rect", { ...box, class: "part" });
	const text = say(cell.text);
	if (widthOf(text) <= width)
		pad.text(x + width / 2, y + height / 2 + 4, text,
			"middle" + (cell.state === "zero" ? " muted" : ""));
}

charts.grid = (chart, width, label) => {
	const pad = new Pad(width, label);
	const names = chart.y.map(say);
	const notes = (chart.y_note || []).map(say);
	const note = notes.length
		? Math.max(widest(notes), Math.min(60, widthOf(say(chart.y_note_label)))) + 12 : 0;
	const left = Math.min(widest(names) + 12, width * 0.3) + note;
	const columns = columnsThatFit(chart, width - left, chart.low ? 26 : 20);
	const cell = Math.min((width - left) / columns.length, chart.low ? 84 : 96);
	const height = chart.low ? 22 : Math.max(30, Math.min(46, cell * 0.7));
	const hatch = pad.hatching("none", "hatch");
	pad.text(0, 12, fit(say(chart.y_label), width), "heading");
	if (notes.length)
		pad.text(left - 12, 30, fit(say(chart.y_note_label), left), "muted end");
	const top = 36;
	names.forEach((name, row) => {
		const y = top + row * height, middle = y + height / 2 + 4;
		pad.text(0, middle, fit(name, left - note - 8));
		if (notes.length) pad.text(left - 12, middle, notes[row], "muted end");
		columns.forEach((column, index) => gridCell(pad, chart.cells[row][column],
			left + index * cell, y, cell, height, hatch));
	});
	const bottom = top + names.length * height;
	columns.forEach((column, index) => pad.text(left + (index + 0.5) * cell,
		bottom + 16, fit(say(chart.x[column]), cell), "middle muted"));
	pad.foot(left, bottom + 34, say(chart.x_label));
	return pad.done(bottom + 42);
};
