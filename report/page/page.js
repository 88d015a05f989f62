// The page: header, contents, a card for each question, and what can be chosen.
const byId = (id) => document.getElementById(id);
const wide = new Set(["cohort", "quality"]);

function caption(section) {
	const parts = [word("as_of") + " " + say(section.as_of), say(section.unit)];
	const line = html("figcaption", {},
		parts.filter((part) => part.trim()).join(" · ") + " · " + word("view") + " ");
	line.append(html("code", {}, section.source));
	return line;
}

function tableOf(table, label) {
	const head = html("tr", {}, ...table.heads.map((one) => html("th",
		{ scope: "col", class: one.number ? "number" : null }, say(one.text))));
	const body = table.rows.map((row) => html("tr", {}, ...row.map((cell, index) => {
		const text = say(cell), number = table.heads[index].number;
		return html("td", { class: number ? "number" : text.length > 40 ? "long" : null },
			number ? text : html("bdi", {}, text));
	})));
	return html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
		html("table", {}, html("thead", {}, head), html("tbody", {}, ...body)));
}

function tablePart(section) {
	const label = `${word("table")}: ${say(section.question)}`;
	const parts = [tableOf(section.table, label)];
	if (section.table.more)
		parts.push(html("p", { class: "note" }, say(section.table.more)));
	if (section.open)
		return section.table.rows.length ? html("div", { class: "open" }, ...parts) : null;
	return html("details", { class: "fold" },
		html("summary", {}, word("table")), ...parts);
}

// A card without its chart, which needs to know how wide it is.
function card(section) {
	const figure = html("figure", { id: section.id, tabindex: 0, "aria-label": say(section.question) },
		html("p", { class: "question" }, say(section.question)));
	if (section.empty) {
		figure.className = "empty";
		figure.append(html("p", { class: "why" }, say(section.empty)));
		return figure;
	}
	if (wide.has(section.id)) figure.className = "wide";
	figure.append(html("h2", {}, say(section.title)));
	if (section.chart) figure.append(html("div", { class: "drawing" }));
	if (section.note) figure.append(html("p", { class: "note" }, say(section.note)));
	const table = tablePart(section);
	if (table && section.open) figure.append(table);
	figure.append(caption(section));
	if (table && !section.open) figure.append(table);
	return figure;
}

// What there is to see first; and no card stands alone in a row of two.
function cards() {
	const sections = [...data.sections].sort((a, b) => Boolean(a.empty) - Boolean(b.empty));
	const all = sections.map(card);
	let alone = null;
	for (const figure of [...all, html("figure", { class: "wide" })]) {
		const isWide = figure.className === "wide";
		if (alone && (isWide || figure.className === "empty")) alone.className = "wide";
		alone = isWide || figure.className === "empty" || alone ? null : figure;
	}
	return all;
}

let drawnWidth = 0;

// All widths are read before anything is drawn: the page is laid out once.
function drawCharts(width) {
	drawnWidth = byId("sections").clientWidth;
	const places = data.sections.filter((section) => section.chart).map((section) => {
		const place = byId(section.id).querySelector(".drawing");
		return [section, place, width || place.clientWidth || 600];
	});
	for (const [section, place, room] of places)
		place.replaceChildren(charts[section.chart.kind](section.chart, room, say(section.title)));
}

function contents() {
	const items = data.sections.map((section) => html("li",
		{ class: section.empty ? "empty" : null },
		html("a", { href: "#" + section.id }, say(section.question))));
	return html("ol", {}, ...items);
}

function show() {
	const open = [...document.querySelectorAll("details[open]")].map((one) => one.closest("figure").id);
	document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
	document.title = say(data.title);
	byId("title").textContent = say(data.title);
	byId("subtitle").textContent = say(data.subtitle);
	byId("skip").textContent = word("skip");
	byId("contents").setAttribute("aria-label", word("contents"));
	byId("contents").replaceChildren(contents());
	byId("sections").replaceChildren(...cards());
	open.forEach((id) => byId(id).querySelector("details")?.setAttribute("open", ""));
	byId("notice").hidden = language !== "zh" || hasChineseFont();
	byId("notice").textContent = word("no_font");
	byId("controls").replaceChildren(languageButton(), themeButton());
	drawCharts();
}

function languageButton() {
	const other = language === "en" ? "zh" : "en";
	const button = html("button", { type: "button", id: "language", lang: other },
		other === "zh" ? "中文" : "English");
	button.addEventListener("click", () => {
		language = other;
		show();
		byId("language").focus();
	});
	return button;
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function isDark() {
	const chosen = document.documentElement.dataset.theme;
	return chosen ? chosen === "dark" : prefersDark.matches;
}

function themeButton() {
	const button = html("button", { type: "button", id: "theme" },
		word(isDark() ? "light" : "dark"));
	button.addEventListener("click", () => {
		document.documentElement.dataset.theme = isDark() ? "light" : "dark";
		button.textContent = word(isDark() ? "light" : "dark");
	});
	return button;
}

// From chart to chart by the arrow keys, where no table is scrolled by them.
function step(event) {
	const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
	if (!by || event.target.tagName !== "FIGURE" || event.ctrlKey || event.altKey || event.metaKey)
		return;
	const figures = [...document.querySelectorAll("figure")];
	const next = figures[figures.indexOf(event.target) + by];
	if (!next) return;
	event.preventDefault();
	next.focus();
	next.scrollIntoView({ block: "nearest" });
}

// One chart alone, as the text of a picture that stands outside the page:
// ?picture=ID.  Its colours follow the system, as those of the page do.
function picture(id) {
	const section = data.sections.find((one) => one.id === id && one.chart);
	if (!section) return;
	const style = JSON.parse(byId("chart-style").textContent);
	const plain = (side) => style.replace(/light-dark\(([^,]+), ([^)]+)\)/g, side)
		.replace("color-scheme: light dark;", "");
	const drawn = charts[section.chart.kind](section.chart, 860, say(section.title));
	const box = { x: -20, y: -52, width: 900, height: Number(drawn.getAttribute("height")) + 72 };
	drawn.setAttribute("viewBox", Object.values(box).join(" "));
	drawn.setAttribute("width", box.width);
	drawn.setAttribute("height", box.height);
	const sheet = plain("$1") + ".chart .title { font-size: 16px; font-weight: 600; }\n"
		+ ".chart .paper { fill: var(--card); }\n"
		+ `@media (prefers-color-scheme: dark) { ${plain("$2").match(/:root \{[^}]*\}/)[0]} }\n`;
	drawn.prepend(svg("rect", { ...box, rx: 12, class: "paper" }),
		svg("text", { x: 0, y: -24, class: "title" }, say(section.title)));
	document.body.replaceChildren(html("pre", { id: "picture" },
		new XMLSerializer().serializeToString(drawn)
			.replace(">", `>\n<style>\n${sheet}</style>\n`)));
}

if (["dark", "light"].includes(wanted.get("theme")))
	document.documentElement.dataset.theme = wanted.get("theme");
show();
document.addEventListener("keydown", step);
prefersDark.addEventListener("change", show);
addEventListener("resize", () => {
	if (byId("sections").clientWidth !== drawnWidth) drawCharts();
});
addEventListener("beforeprint", () => drawCharts(660));
addEventListener("afterprint", () => drawCharts());
if (wanted.has("picture")) picture(wanted.get("picture"));
