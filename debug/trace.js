"use strict";
// A view of data.rows: of spans and marks, each [at, took, depth, kind, name, detail]. Times are nanoseconds: instructions.
const data = JSON.parse(document.getElementById("data").textContent);
const WORDS = {
	EL2: "kernel, EL2", EL1: "process at EL1", EL0: "process at EL0", idle: "every CPU sleeps", call: "hypercall",
	trap: "trapped to EL2", fault: "fault", svc: "SVC", virq: "virtual interrupt", console: "console", irq: "interrupt",
	inject: "virtual interrupt made pending", switch: "switch", boot: "milestone of the boot", death: "end of a process",
};
const MARKS = ["irq", "inject", "switch", "boot", "death"];
const LANE = 20, TICKS = 14, GAP = 7, AXIS = 24;
// Where an event is drawn is behind what it is; the two differ where idle time is left out.
const [AT, TOOK, DEPTH, KIND, NAME, DETAIL, START, LENGTH] = [0, 1, 2, 3, 4, 5, 6, 7];
const get = id => document.getElementById(id);
const rows = get("rows"), axis = get("axis"), search = get("search");
const pen = rows.getContext("2d"), axisPen = axis.getContext("2d");
let colors, left, width, height, matches = null, selected = null, hovered = null, asked = false;
let view = {from: 0, to: data.end}, end = data.end;

for (const row of data.rows) {
	row.lanes = row.spans.reduce((most, span) => Math.max(most, span[DEPTH] + 1), 0);
	row.height = Math.max(1, row.lanes) * LANE + (row.marks.length ? TICKS : 0);
	row.all = row.spans.concat(row.marks).sort((a, b) => a[AT] - b[AT]);
}
const sleeps = data.rows.flatMap(row => row.spans.filter(span => data.kinds[span[KIND]] === "idle")).sort((a, b) => a[AT] - b[AT]);
const born = data.rows.flatMap(row => row.spans.find(span => data.kinds[span[KIND]] === "EL1") ?? []);
let first;

// Where each event is drawn: at its time, or at its time without the idle time before it.
function lay() {
	const awake = get("idle").ariaPressed === "true" ? time => {
		let slept = 0;
		for (const sleep of sleeps) {
			if (sleep[AT] >= time)
				break;
			slept += Math.min(sleep[TOOK], time - sleep[AT]);
		}
		return time - slept;
	} : time => time;
	for (const row of data.rows)
		for (const event of row.all) {
			event[START] = awake(event[AT]);
			event[LENGTH] = awake(event[AT] + event[TOOK]) - event[START];
		}
	end = awake(data.end);
	first = Math.min(...born.map(span => span[START]));
}

function place() {
	const style = getComputedStyle(document.documentElement);
	colors = Object.fromEntries([...data.kinds, "ink", "soft", "line", "paper", "panel", "link", "found", "on"]
		.map(name => [name, style.getPropertyValue("--" + name).trim()]));
	width = document.documentElement.clientWidth;
	left = width < 640 ? 74 : 150;
	let y = GAP;
	for (const row of data.rows) {
		y += row.title ? GAP : 2;
		row.y = y;
		y += row.height;
	}
	height = y + GAP;
	for (const [canvas, tall] of [[rows, height], [axis, AXIS]]) {
		canvas.width = width * devicePixelRatio;
		canvas.height = tall * devicePixelRatio;
		canvas.style.height = tall + "px";
		canvas.getContext("2d").setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
	}
	draw();
}

const number = n => n.toLocaleString("en");
const x = time => left + (time - view.from) * (width - left) / (view.to - view.from);
const time = at => view.from + (at - left) * (view.to - view.from) / (width - left);

function text(pen, words, at, y, room) {
	if (room < 14)
		return;
	if (pen.measureText(words).width > room) {
		const fit = Math.floor(words.length * room / pen.measureText(words).width) - 1;
		words = fit > 1 ? words.slice(0, fit) + "…" : "";
	}
	pen.fillText(words, at, y);
}

function drawAxis() {
	axisPen.clearRect(0, 0, width, AXIS);
	axisPen.font = "12px system-ui, sans-serif";
	axisPen.textBaseline = "middle";
	const raw = (view.to - view.from) * 110 / (width - left), power = 10 ** Math.floor(Math.log10(raw));
	const step = Math.max(1, [1, 2, 5, 10].find(n => n * power >= raw) * power);
	const [unit, scale] = step >= 1e6 ? ["ms", 1e6] : step >= 1e3 ? ["µs", 1e3] : ["ns", 1];
	for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
		const to = Math.round(x(at)) + .5;
		for (const [which, y, tall] of [[axisPen, AXIS - 5, 5], [pen, 0, height]]) {
			which.fillStyle = colors.line;
			which.fillRect(to, y, 1, tall);
		}
		axisPen.fillStyle = colors.soft;
		const words = number(Math.round(at / scale) + 0);
		axisPen.fillText(words, Math.min(to + 3, width - axisPen.measureText(words).width - 2), AXIS / 2);
	}
	axisPen.fillStyle = colors.paper;
	axisPen.fillRect(0, 0, left, AXIS);
	axisPen.fillStyle = colors.soft;
	axisPen.fillText(width < 640 ? unit : unit + "; 1 ns: 1 instruction", 6, AXIS / 2);
}
function drawRow(row) {
	const drawn = [];
	for (const span of row.spans) {
		if (span[START] > view.to || span[START] + span[LENGTH] < view.from)
			continue;
		const from = Math.max(left, x(span[START])), to = Math.min(width, x(span[START] + span[LENGTH])), depth = span[DEPTH];
		const found = matches && matches.set.has(span);
		if (to < (drawn[depth] ?? -1) + .5 && !found && span !== selected)
			continue;
		drawn[depth] = to;
		const y = row.y + depth * LANE, wide = Math.max(1, to - from - (to - from > 4 ? 1 : 0));
		pen.globalAlpha = matches && !found ? .3 : 1;
		pen.fillStyle = colors[data.kinds[span[KIND]]];
		pen.fillRect(from, y, wide, LANE - 2);
		pen.fillStyle = colors.on;
		text(pen, data.texts[span[NAME]], from + 4, y + LANE / 2 - 1, wide - 8);
		pen.globalAlpha = 1;
		if (span === selected || span === hovered || found) {
			pen.strokeStyle = found ? colors.found : colors.ink;
			pen.lineWidth = span === selected ? 2.5 : 1.5;
			pen.strokeRect(from, y, wide, LANE - 2);
		}
	}
	const y = row.y + Math.max(1, row.lanes) * LANE;
	let free = -1;
	row.marks.forEach((mark, index) => {
		if (mark[START] < view.from || mark[START] > view.to)
			return;
		const at = x(mark[START]), found = matches && matches.set.has(mark), special = found || mark === selected || mark === hovered;
		if (at < free + .5 && !special)
			return;
		pen.globalAlpha = matches && !found ? .3 : 1;
		pen.fillStyle = found ? colors.found : colors[data.kinds[mark[KIND]]];
		pen.fillRect(at - (special ? 1 : 0), y - 1, special ? 4 : 2, TICKS - 1);
		free = at + 2;
		const after = row.marks[index + 1];
		pen.fillStyle = colors.soft;
		pen.font = "11px system-ui, sans-serif";
		if (!after || x(after[START]) - at > 24)
			text(pen, data.texts[mark[NAME]], at + 5, y + TICKS / 2 - 1, (after ? Math.min(x(after[START]), width) : width) - at - 9);
		pen.font = "12px system-ui, sans-serif";
		pen.globalAlpha = 1;
	});
}

function draw() {
	asked = false;
	pen.clearRect(0, 0, width, height);
	drawAxis();
	pen.font = "12px system-ui, sans-serif";
	pen.textBaseline = "middle";
	for (const row of data.rows)
		drawRow(row);
	pen.fillStyle = colors.paper;
	pen.fillRect(0, 0, left - 3, height);
	for (const row of data.rows) {
		if (!row.title)
			continue;
		pen.fillStyle = colors.line;
		pen.fillRect(0, row.y - GAP / 2 - 1, width, 1);
		pen.fillStyle = colors.ink;
		text(pen, row.title, 6, row.y + LANE / 2 - 1, left - 12);
	}
	tell(hovered ?? selected);
}

function tell(event) {
	const about = get("about");
	about.textContent = "";
	const add = (tag, words) => about.appendChild(Object.assign(document.createElement(tag), {textContent: words}));
	if (!event) {
		about.append(get("help").content.cloneNode(true));
		return;
	}
	const kind = data.kinds[event[KIND]];
	add("b", data.texts[event[NAME]]);
	const took = event[TOOK] ? `, ${number(event[TOOK])} ns long` : "";
	add("div", `${WORDS[kind]}, at ${number(event[AT])} ns${took}`);
	add("span", data.texts[event[DETAIL]]);
}

function show(from, to) {
	const length = Math.min(Math.max(to - from, 20), end * 1.02);
	from = Math.min(Math.max(from, -end * .01), end * 1.01 - length);
	view = {from, to: from + length};
	if (!asked)
		requestAnimationFrame(draw);
	asked = true;
}

function zoom(factor, at = (view.from + view.to) / 2) {
	show(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

const move = part => show(view.from + part * (view.to - view.from), view.to + part * (view.to - view.from));
const all = () => show(0, end);
const processes = () => first < Infinity ? show(first - (end - first) * .02, end * 1.002) : all();

function find(clientX, clientY) {
	const box = rows.getBoundingClientRect(), px = clientX - box.left, py = clientY - box.top;
	const row = data.rows.find(row => py >= row.y && py < row.y + row.height);
	if (!row || px < left)
		return null;
	const at = time(px), near = 4 * (view.to - view.from) / (width - left), lane = Math.floor((py - row.y) / LANE);
	const distance = event => Math.max(event[START] - at, at - event[START] - event[LENGTH], 0);
	const candidates = py >= row.y + Math.max(1, row.lanes) * LANE ? row.marks : row.spans.filter(span => span[DEPTH] === lane);
	let best = null;
	for (const event of candidates)
		if (distance(event) <= near && (!best || distance(event) < distance(best)))
			best = event;
	return best;
}

function select(event) {
	selected = event;
	if (event && (event[START] < view.from || event[START] + event[LENGTH] > view.to && event[START] > view.to)) {
		const half = (view.to - view.from) / 2;
		show(event[START] - half, event[START] + half);
	} else {
		show(view.from, view.to);
	}
}

function step(by) {
	const row = data.rows.find(row => row.all.includes(selected)) ?? data.rows[0];
	const index = row.all.indexOf(selected);
	select(row.all[Math.min(Math.max(index + by, 0), row.all.length - 1)] ?? null);
}

function look() {
	const words = search.value.trim().toLowerCase();
	matches = null;
	if (words) {
		const wanted = new Set(data.texts.flatMap((text, index) => text.toLowerCase().includes(words) ? [index] : []));
		const list = data.rows.flatMap(row => row.all.filter(event => wanted.has(event[NAME]) || wanted.has(event[DETAIL])));
		list.sort((a, b) => a[START] - b[START]);
		matches = {list, set: new Set(list), at: -1};
	}
	get("matches").textContent = matches ? `${number(matches.list.length)} found` : "";
	show(view.from, view.to);
}

function go(by) {
	if (!matches || !matches.list.length)
		return;
	const length = matches.list.length;
	matches.at = matches.at < 0 && by < 0 ? length - 1 : (matches.at + by + length) % length;
	get("matches").textContent = `${number(matches.at + 1)} of ${number(length)}`;
	select(matches.list[matches.at]);
}

const fill = () => selected && show(selected[START] - selected[LENGTH] * .1 - 10, selected[START] + selected[LENGTH] * 1.1 + 10);
function squeeze() {
	get("idle").ariaPressed = String(get("idle").ariaPressed !== "true");
	lay();
	processes();
}

const KEYS = {
	w: () => zoom(.6), "+": () => zoom(.6), "=": () => zoom(.6), s: () => zoom(1 / .6), "-": () => zoom(1 / .6), a: () => move(-.2),
	d: () => move(.2), ArrowLeft: () => step(-1), ArrowRight: () => step(1), f: fill, 0: all, 1: processes, "/": () => search.focus(),
	i: squeeze, n: () => go(1), p: () => go(-1), Escape: () => select(null),
};
addEventListener("keydown", event => {
	if (event.ctrlKey || event.metaKey || event.altKey)
		return;
	if (event.target === search) {
		if (event.key === "Enter")
			go(event.shiftKey ? -1 : 1);
		if (event.key === "Escape")
			search.blur();
		return;
	}
	if (KEYS[event.key]) {
		KEYS[event.key]();
		event.preventDefault();
	}
});
search.addEventListener("input", look);
const BUTTONS = {in: KEYS.w, out: KEYS.s, all, fit: processes, idle: squeeze, before: KEYS.p, next: KEYS.n};
for (const id in BUTTONS)
	get(id).addEventListener("click", BUTTONS[id]);

rows.addEventListener("wheel", event => {
	if (event.clientX < left)
		return;
	event.preventDefault();
	if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))
		move((event.deltaX || event.deltaY) / width);
	else
		zoom(Math.exp(event.deltaY * .002), time(event.clientX));
}, {passive: false});

// One pointer moves, two zoom; one that has hardly moved selects.
const pointers = new Map();
let moved = 0;
rows.addEventListener("pointerdown", event => {
	pointers.set(event.pointerId, event.clientX);
	rows.setPointerCapture(event.pointerId);
	moved = pointers.size > 1 ? Infinity : 0;
});
rows.addEventListener("pointermove", event => {
	const before = pointers.get(event.pointerId);
	if (before === undefined) {
		hovered = find(event.clientX, event.clientY);
		show(view.from, view.to);
		return;
	}
	const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
	if (other !== undefined)
		zoom(Math.max(20, Math.abs(before - other)) / Math.max(20, Math.abs(event.clientX - other)), time(other));
	else
		move((before - event.clientX) / (width - left));
	moved += Math.abs(event.clientX - before);
	pointers.set(event.pointerId, event.clientX);
});
for (const name of ["pointerup", "pointercancel"])
	rows.addEventListener(name, event => {
		if (name === "pointerup" && moved < 5)
			select(find(event.clientX, event.clientY));
		pointers.delete(event.pointerId);
	});

rows.addEventListener("pointerleave", () => {
	hovered = null;
	show(view.from, view.to);
});

for (const kind of data.kinds) {
	if (!data.rows.some(row => row.all.some(event => data.kinds[event[KIND]] === kind)))
		continue;
	const item = get("legend").appendChild(Object.assign(document.createElement("li"), {textContent: WORDS[kind]}));
	item.style.setProperty("--c", `var(--${kind})`);
	item.classList.toggle("mark", MARKS.includes(kind));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", place);
addEventListener("resize", place);
get("idle").hidden = !sleeps.length;
lay();
place();
processes();
