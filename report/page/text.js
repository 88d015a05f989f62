// Texts: the data of the page, the language, and how wide words are.
const data = JSON.parse(document.getElementById("data").textContent);
const languages = ["en", "zh"];
const wanted = new URLSearchParams(location.search);
let language = languages.includes(wanted.get("lang"))
	? wanted.get("lang") : data.language;

// A text is a string, or a list of it in each language.
function say(text) {
	if (text === null || text === undefined) return "";
	return Array.isArray(text) ? text[languages.indexOf(language)] : text;
}

function word(key) {
	return say(data.words[key]);
}

const ruler = document.createElement("canvas").getContext("2d");
const family = getComputedStyle(document.body).fontFamily;

function widthOf(text, size = 12, weight = 400) {
	ruler.font = `${weight} ${size}px ${family}`;
	return ruler.measureText(text).width;
}

function widest(texts, weight = 400) {
	return Math.ceil(Math.max(0, ...texts.map((text) => widthOf(text, 12, weight))));
}

// As much of a text as there is room for.
function fit(text, width, weight = 400) {
	if (widthOf(text, 12, weight) <= width) return text;
	const signs = Array.from(text);
	let low = 0, high = signs.length;
	while (low < high) {
		const middle = Math.ceil((low + high) / 2);
		const part = signs.slice(0, middle).join("") + "…";
		if (widthOf(part, 12, weight) <= width) low = middle;
		else high = middle - 1;
	}
	return signs.slice(0, low).join("") + "…";
}

// Up to two lines; Chinese breaks anywhere, English between words.
function wrap(text, width, weight = 400) {
	if (widthOf(text, 12, weight) <= width) return [text];
	const parts = /\p{Script=Han}/u.test(text) ? text.match(/\uff08?.[\uff09\uff0c\uff1b\u3001]*/gu)
		: text.split(" ").map((part) => part + " ");
	let first = "";
	while (parts.length > 1 && widthOf(first + parts[0], 12, weight) <= width + 3)
		first += parts.shift();
	if (!first) return [fit(text, width, weight)];
	return [first.trim(), fit(parts.join("").trim(), width, weight)];
}

// A browser without a Chinese font draws one and the same box for all signs.
function hasChineseFont() {
	const drawn = ["中", "国"].map((sign) => {
		const canvas = document.createElement("canvas");
		canvas.width = canvas.height = 24;
		const pen = canvas.getContext("2d", { willReadFrequently: true });
		pen.font = `20px ${family}`;
		pen.fillText(sign, 2, 20);
		return pen.getImageData(0, 0, 24, 24).data.join();
	});
	return drawn[0] !== drawn[1];
}
