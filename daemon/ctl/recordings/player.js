// The player of an exported recording.  All that comes from the recording or
// the log reaches the page as text of nodes, never as markup.
"use strict";
(function () {
const data = JSON.parse(document.getElementById("recording").textContent);
const lines = data.lines;
const $ = (id) => document.getElementById(id);
const colours = ["#2e3436", "#e06c75", "#98c379", "#d19a66", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4",
	"#5c6370", "#ff7b86", "#b5e890", "#ffcb6b", "#82c4ff", "#e29bff", "#7fdbe6", "#ffffff"];
const BOLD = 1, DIM = 2, ITALIC = 4, UNDERLINE = 8, REVERSE = 16, HIDDEN = 32, STRUCK = 64;

// ---- the screen ----

function colour256(n) {
	if (n < 16) return colours[n];
	if (n >= 232) { const g = 8 + (n - 232) * 10; return `rgb(${g},${g},${g})`; }
	const part = (v) => v === 0 ? 0 : 55 + v * 40;
	n -= 16;
	return `rgb(${part(Math.floor(n / 36))},${part(Math.floor(n / 6) % 6)},${part(n % 6)})`;
}

// Columns that a character takes: the blocks that are wide in practice.
function width(c) {
	if (c < 0x300) return 1;
	if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	    (c >= 0x20d0 && c <= 0x20ff)) return 0;
	if ((c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
	    (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
	    (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) || (c >= 0x1f900 && c <= 0x1f9ff) ||
	    (c >= 0x20000 && c <= 0x3fffd)) return 2;
	return 1;
}

// Invisible characters and those that turn the direction of the text.
function shows(c) {
	return !((c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c === 0xfeff || (c >= 0xe0000 && c <= 0xe0fff));
}

const side = (n) => Math.max(1, Math.min(n, 1000));

class Screen {
	constructor(columns, rows) {
		this.columns = columns; this.rows = rows;
		this.reset();
	}
	reset() {
		this.pen = { fg: "", bg: "", flags: 0 };
		this.x = this.y = 0; this.saved = [0, 0, this.pen];
		this.top = 0; this.bottom = this.rows - 1;
		this.wraps = true; this.insert = false; this.graphics = [false, false]; this.shift = 0;
		this.cursor = true; this.pending = false; this.last = " ";
		this.screens = [this.blanks(this.rows), this.blanks(this.rows)];
		this.shown = 0;
		this.state = 0; this.sequence = "";
		this.all();
	}
	all() { this.dirty = new Set(Array.from({ length: this.rows }, (_, y) => y)); }
	blank() { return [" ", this.pen.bg === "" ? null : { fg: "", bg: this.pen.bg, flags: 0 }]; }
	row() { return Array.from({ length: this.columns }, () => this.blank()); }
	blanks(n) { return Array.from({ length: n }, () => this.row()); }
	get cells() { return this.screens[this.shown]; }
	clone() {
		const s = Object.assign(Object.create(Screen.prototype), this);
		s.screens = this.screens.map((screen) => screen.map((row) => row.slice()));
		s.graphics = this.graphics.slice(); s.saved = this.saved.slice();
		s.all();
		return s;
	}
	resize(columns, rows) {
		for (; this.y >= rows; this.y--) { this.top = 0; this.bottom = this.rows - 1; this.scroll(0, 1); }
		for (const screen of this.screens) {
			for (const row of screen) {
				row.length = Math.min(row.length, columns);
				while (row.length < columns) row.push([" ", null]);
			}
			screen.length = Math.min(screen.length, rows);
			while (screen.length < rows) screen.push(Array.from({ length: columns }, () => [" ", null]));
		}
		this.columns = columns; this.rows = rows; this.top = 0; this.bottom = rows - 1;
		this.move(this.x, this.y);
		this.all();
	}
	move(x, y) {
		this.dirty.add(this.y);
		this.x = Math.max(0, Math.min(x, this.columns - 1));
		this.y = Math.max(0, Math.min(y, this.rows - 1));
		this.pending = false;
		this.dirty.add(this.y);
	}
	scroll(top, n) {
		for (n = Math.min(n, this.bottom - top + 1); n > 0; n--) {
			this.cells.splice(top, 1);
			this.cells.splice(this.bottom, 0, this.row());
		}
		for (let y = top; y <= this.bottom; y++) this.dirty.add(y);
	}
	scrollDown(top, n) {
		for (n = Math.min(n, this.bottom - top + 1); n > 0; n--) {
			this.cells.splice(this.bottom, 1);
			this.cells.splice(top, 0, this.row());
		}
		for (let y = top; y <= this.bottom; y++) this.dirty.add(y);
	}
	feedLine() {
		if (this.y === this.bottom) this.scroll(this.top, 1);
		else this.move(this.x, this.y + 1);
		this.pending = false;
	}
	draw(ch) {
		const c = ch.codePointAt(0), w = width(c);
		if (w === 0) return;
		if (this.graphics[this.shift] && c >= 0x60 && c < 0x7f)
			ch = "◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"[c - 0x60] || ch;
		else if (!shows(c)) ch = "�";
		if (this.wraps && (this.pending || this.x + w > this.columns)) {
			this.move(0, this.y);
			this.feedLine();
		}
		this.x = Math.max(0, Math.min(this.x, this.columns - w));
		const row = this.cells[this.y];
		if (this.insert) { row.splice(this.x, 0, ...Array.from({ length: w }, () => this.blank())); row.length = this.columns; }
		row[this.x] = [ch, this.pen];
		if (w === 2) row[this.x + 1] = ["", this.pen];
		this.dirty.add(this.y);
		this.last = ch;
		if (this.x + w >= this.columns) { this.pending = true; this.x = this.columns - 1; } else this.x += w;
	}
	erase(y, from, to) {
		for (let x = from; x < Math.min(to, this.columns); x++) this.cells[y][x] = this.blank();
		this.dirty.add(y);
	}
	control(c) {
		if (c === 8) this.move(this.x - 1, this.y);
		else if (c === 9) this.move((Math.floor(this.x / 8) + 1) * 8, this.y);
		else if ((c >= 10 && c <= 12) || c === 0x84) this.feedLine();
		else if (c === 13) this.move(0, this.y);
		else if (c === 0x85) { this.feedLine(); this.move(0, this.y); }
		else if (c === 0x8d) { if (this.y === this.top) this.scrollDown(this.top, 1); else this.move(this.x, this.y - 1); }
		else if (c === 14 || c === 15) this.shift = 15 - c;
	}
	escape(between, final) {
		if (between === "(") this.graphics[0] = final === "0";
		else if (between === ")") this.graphics[1] = final === "0";
		else if (between !== "") return;
		else if (final === "7") this.saved = [this.x, this.y, this.pen];
		else if (final === "8") { this.pen = this.saved[2]; this.move(this.saved[0], this.saved[1]); }
		else if (final === "c") this.reset();
		else if (final === "D") this.control(0x84);
		else if (final === "E") this.control(0x85);
		else if (final === "M") this.control(0x8d);
	}
	show(which) {
		if (this.shown === which) return;
		this.shown = which;
		if (which === 1) this.screens[1] = this.blanks(this.rows);
		this.all();
	}
	colours(values, i, key) {
		if (values[i + 1] === 5) { this.pen[key] = values[i + 2] < 256 ? colour256(values[i + 2]) : ""; return i + 2; }
		if (values[i + 1] === 2) {
			const [r, g, b] = values.slice(i + 2, i + 5).map((v) => Math.min(v || 0, 255));
			this.pen[key] = `rgb(${r || 0},${g || 0},${b || 0})`;
			return i + 4;
		}
		return i;
	}
	attributes(raw) {
		// "38:2::r:g:b" is "38;2;r;g;b".
		const values = raw.split(";").flatMap((p) => {
			const sub = p.split(":");
			if (sub.length === 1) return [Number(p)];
			if ((sub[0] === "38" || sub[0] === "48") && sub[1] === "2" && sub.length > 5) sub.splice(2, 1);
			return sub[0] === "4" ? [sub[1] === "0" ? 24 : 4] : sub.map(Number);
		});
		this.pen = { ...this.pen };
		for (let i = 0; i < values.length; i++) {
			const v = values[i], on = { 1: BOLD, 2: DIM, 3: ITALIC, 4: UNDERLINE, 7: REVERSE, 8: HIDDEN, 9: STRUCK };
			const off = { 22: BOLD | DIM, 23: ITALIC, 24: UNDERLINE, 27: REVERSE, 28: HIDDEN, 29: STRUCK };
			if (v === 0) this.pen = { fg: "", bg: "", flags: 0 };
			else if (on[v]) this.pen.flags |= on[v];
			else if (off[v]) this.pen.flags &= ~off[v];
			else if (v >= 30 && v <= 37) this.pen.fg = colours[v - 30];
			else if (v >= 40 && v <= 47) this.pen.bg = colours[v - 40];
			else if (v >= 90 && v <= 97) this.pen.fg = colours[v - 82];
			else if (v >= 100 && v <= 107) this.pen.bg = colours[v - 92];
			else if (v === 38) i = this.colours(values, i, "fg");
			else if (v === 48) i = this.colours(values, i, "bg");
			else if (v === 39) this.pen.fg = "";
			else if (v === 49) this.pen.bg = "";
		}
	}
	mode(prefix, values, on) {
		for (const v of values) {
			if (prefix === "" && v === 4) this.insert = on;
			if (prefix !== "?") continue;
			if (v === 7) this.wraps = on;
			else if (v === 25) { this.cursor = on; this.dirty.add(this.y); }
			else if (v === 47 || v === 1047 || v === 1049) {
				if (v === 1049 && on) this.escape("", "7");
				this.show(on ? 1 : 0);
				if (v === 1049 && !on) this.escape("", "8");
			} else if (v === 1048) this.escape("", on ? "7" : "8");
		}
	}
	csi(text) {
		const m = /^([<=>?]?)([0-9:;]*)([ -/]*)([@-~])$/.exec(text);
		if (!m || m[3] !== "") return;
		const [, prefix, raw, , final] = m;
		const values = raw.split(/[;:]/).map((v) => Math.min(Number(v), 65535));
		const v = values[0], n = Math.max(1, v);
		if (final === "h" || final === "l") { this.mode(prefix, values, final === "h"); return; }
		if (prefix !== "") return;
		switch (final) {
		case "A": this.move(this.x, this.y - n); break;
		case "B": case "e": this.move(this.x, this.y + n); break;
		case "C": case "a": this.move(this.x + n, this.y); break;
		case "D": this.move(this.x - n, this.y); break;
		case "E": this.move(0, this.y + n); break;
		case "F": this.move(0, this.y - n); break;
		case "G": case "`": this.move(n - 1, this.y); break;
		case "d": this.move(this.x, n - 1); break;
		case "H": case "f": this.move(Math.max(1, values[1] || 1) - 1, n - 1); break;
		case "J":
			if (v === 0) { this.erase(this.y, this.x, this.columns); for (let y = this.y + 1; y < this.rows; y++) this.erase(y, 0, this.columns); }
			else if (v === 1) { for (let y = 0; y < this.y; y++) this.erase(y, 0, this.columns); this.erase(this.y, 0, this.x + 1); }
			else if (v === 2) for (let y = 0; y < this.rows; y++) this.erase(y, 0, this.columns);
			break;
		case "K": this.erase(this.y, v === 0 ? this.x : 0, v === 1 ? this.x + 1 : this.columns); break;
		case "L": if (this.y >= this.top && this.y <= this.bottom) this.scrollDown(this.y, n); break;
		case "M": if (this.y >= this.top && this.y <= this.bottom) this.scroll(this.y, n); break;
		case "S": this.scroll(this.top, n); break;
		case "T": this.scrollDown(this.top, n); break;
		case "X": this.erase(this.y, this.x, this.x + n); break;
		case "P": case "@": {
			const row = this.cells[this.y], k = Math.min(n, this.columns - this.x);
			if (final === "P") row.splice(this.x, k);
			const fill = Array.from({ length: k }, () => this.blank());
			if (final === "P") row.push(...fill); else { row.splice(this.x, 0, ...fill); row.length = this.columns; }
			this.dirty.add(this.y);
			break;
		}
		case "b": for (let i = Math.min(n, this.columns); i > 0; i--) this.draw(this.last); break;
		case "m": this.attributes(raw); break;
		case "r": {
			const top = n - 1, bottom = Math.min(values[1] || this.rows, this.rows) - 1;
			if (top < bottom) { this.top = top; this.bottom = bottom; this.move(0, 0); }
			break;
		}
		case "s": this.escape("", "7"); break;
		case "u": this.escape("", "8"); break;
		}
	}
	// States: 0 text, 1 behind ESC, 2 in CSI, 3 in a string, 4 behind ESC in a string.
	feed(text) {
		for (const ch of text) this.take(ch);
	}
	take(ch) {
		const c = ch.codePointAt(0), control = c < 32 || (c >= 127 && c < 160);
		if (this.state === 4) {
			this.state = 0;
			if (ch === "\\") return;
			this.state = 1; this.sequence = "";
		}
		if (this.state === 3) {
			if (c === 27) this.state = 4;
			else if (c === 7 || c === 0x9c || c === 24 || c === 26) this.state = 0;
			return;
		}
		if (control) {
			this.sequence = c === 27 || c === 0x9b ? "" : this.sequence;
			if (c === 27) this.state = 1;
			else if (c === 0x9b) this.state = 2;
			else if (c === 0x90 || c === 0x98 || c === 0x9d || c === 0x9e || c === 0x9f) this.state = 3;
			else { if (c === 24 || c === 26 || c >= 0x80) this.state = 0; this.control(c); }
		} else if (this.state === 1) {
			if (c < 48) this.sequence += ch;
			else if (this.sequence === "" && ch === "[") this.state = 2;
			else if (this.sequence === "" && "]PX^_".includes(ch)) this.state = 3;
			else { this.state = 0; this.escape(this.sequence, ch); }
		} else if (this.state === 2) {
			this.sequence += ch;
			if (c >= 64) { this.state = 0; if (this.sequence.length < 80) this.csi(this.sequence); }
		} else this.draw(ch);
	}
	text(y) { return this.cells[y].map((cell) => cell[0]).join("").trimEnd(); }
}

function apply(screen, line) {
	if (line[1] === "o" || line[1] === "e") screen.feed(line[2]);
	else if (line[1] === "r") {
		const m = /^(\d+)x(\d+)$/.exec(line[2]);
		if (m) screen.resize(side(Number(m[1])), side(Number(m[2])));
	}
}

// ---- what is shown ----

let rows = [];
function paint(screen) {
	const place = $("screen");
	if (rows.length !== screen.rows) {
		place.textContent = "";
		rows = Array.from({ length: screen.rows }, () => {
			const row = document.createElement("div");
			row.className = "row";
			place.appendChild(row);
			return row;
		});
		screen.all();
	}
	for (const y of screen.dirty) if (y < screen.rows) paintRow(screen, y);
	screen.dirty.clear();
	screen.dirty.add(screen.y);
}

function paintRow(screen, y) {
	const row = rows[y], cells = screen.cells[y];
	let span = null, style = null, here = false;
	row.textContent = "";
	for (let x = 0; x < cells.length; x++) {
		const cursor = screen.cursor && y === screen.y && x === screen.x;
		if (span === null || cells[x][1] !== style || cursor || here) {
			style = cells[x][1];
			span = document.createElement("span");
			if (style) look(span, style);
			if (cursor) span.className = "cursor";
			row.appendChild(span);
		}
		here = cursor;
		span.textContent += cells[x][0];
	}
}

function look(span, style) {
	let fg = style.fg, bg = style.bg;
	if (style.flags & REVERSE) [fg, bg] = [bg || "#16181d", fg || "#d6d8dd"];
	if (style.flags & HIDDEN) fg = bg || "#16181d";
	if (fg) span.style.color = fg;
	if (bg) span.style.backgroundColor = bg;
	if (style.flags & BOLD) span.style.fontWeight = "bold";
	if (style.flags & DIM) span.style.opacity = ".6";
	if (style.flags & ITALIC) span.style.fontStyle = "italic";
	if (style.flags & (UNDERLINE | STRUCK))
		span.style.textDecoration = style.flags & UNDERLINE ? "underline" : "line-through";
}

function clock(seconds) {
	const s = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
	return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

// ---- time: that of the recording, and that of playing, where idle is cut ----

let played = [];
function measure() {
	const limit = Number($("idle").value);
	let at = 0, before = 0;
	played = lines.map((line) => {
		const gap = line[0] - before;
		before = line[0];
		return at += limit > 0 ? Math.min(gap, limit) : gap;
	});
}
const total = () => played.length > 0 ? played[played.length - 1] : 0;
// How many lines have been by a time of the recording.
function countAt(times, t) {
	let low = 0, high = lines.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (times(middle) <= t) low = middle + 1; else high = middle;
	}
	return low;
}
const playedOf = (t) => {
	const n = countAt((i) => lines[i][0], t);
	return n === 0 ? 0 : played[n - 1];
};

// ---- the player ----

const EVERY = Math.max(200, Math.ceil(lines.length / 100));
const kept = new Map([[0, new Screen(side(data.width), side(data.height))]]);
let screen = kept.get(0).clone(), done = 0, now = 0, playing = false, frame = 0;

function advance(count) {
	if (count < done) {
		let from = 0;
		for (const n of kept.keys()) if (n <= count && n > from) from = n;
		screen = kept.get(from).clone();
		done = from;
	}
	while (done < count) {
		apply(screen, lines[done]);
		done++;
		if (done % EVERY === 0 && !kept.has(done)) kept.set(done, screen.clone());
	}
}

function seek(t) {
	now = Math.max(0, Math.min(t, total()));
	advance(countAt((i) => played[i], now));
	show();
}

function show() {
	const real = done > 0 ? lines[done - 1][0] : 0;
	paint(screen);
	$("time").value = String(now);
	$("clock").textContent = `${clock(now)} / ${clock(total())}`;
	$("day").textContent = new Date((data.timestamp + real) * 1000).toISOString().replace("T", " ").slice(0, 19) + "Z";
	mark(real);
}

function step(at) {
	if (!playing) return;
	seek(now + (at - frame) / 1000 * Number($("speed").value));
	frame = at;
	if (now >= total()) pause();
	else requestAnimationFrame(step);
}

function pause() {
	playing = false;
	$("play").textContent = "Play";
}

function play() {
	if (playing) { pause(); return; }
	if (now >= total()) seek(0);
	playing = true;
	$("play").textContent = "Pause";
	requestAnimationFrame((at) => { frame = at; step(at); });
}

// ---- the lists ----

const items = [];
function entry(list, t, label, text, kind) {
	const li = document.createElement("li"), time = document.createElement("time"), b = document.createElement("b");
	time.textContent = t < 0 ? `-${clock(-t)}` : clock(t);
	b.textContent = label;
	li.append(time, b, document.createTextNode(text));
	li.addEventListener("click", () => { pause(); seek(playedOf(Math.max(0, t))); });
	list.appendChild(li);
	return { t, li, kind };
}

function ticks() {
	const place = $("ticks");
	place.textContent = "";
	for (const item of items.concat(hits)) {
		const tick = document.createElement("div");
		tick.className = `tick ${item.kind}`;
		tick.style.left = `${total() > 0 ? playedOf(Math.max(0, item.t)) / total() * 100 : 0}%`;
		place.appendChild(tick);
	}
}

let marked = null;
function mark(real) {
	let last = null;
	for (const item of items) if (item.t <= real) last = item;
	if (last === marked) return;
	if (marked) marked.li.classList.remove("now");
	if (last) {
		last.li.classList.add("now");
		const list = $("events");
		list.scrollTop = last.li.offsetTop - list.offsetTop - 60;
	}
	marked = last;
}

// ---- search: by the text of rows, as they came to be ----

let hits = [];
function search(text) {
	const list = $("hits"), wanted = text.toLowerCase();
	const s = new Screen(side(data.width), side(data.height));
	const before = new Map();
	list.textContent = "";
	hits = [];
	if (wanted !== "") for (let i = 0; i < lines.length && hits.length < 500; i++) {
		apply(s, lines[i]);
		for (const y of s.dirty) {
			if (y >= s.rows) continue;
			const row = s.text(y), has = row.toLowerCase().includes(wanted);
			if (has && before.get(y) !== row && !(before.get(y) || "").toLowerCase().includes(wanted))
				hits.push(entry(list, lines[i][0], "", row.trim(), "hit"));
			before.set(y, row);
		}
		s.dirty.clear();
	}
	if (hits.length === 0) empty(list, wanted === "" ? "" : "nothing found");
	ticks();
}

function empty(list, text) {
	const li = document.createElement("div");
	li.className = "empty";
	li.textContent = text;
	list.appendChild(li);
}

// ---- the page ----

function head() {
	const h = data.header, place = $("head");
	const put = (name, value) => {
		if (!value) return;
		const span = document.createElement("span");
		span.textContent = `${name} ${value}`;
		place.appendChild(span);
	};
	$("title").textContent = `Recording ${data.id}`;
	put("user", h.user); put("from", h.source); put("on", h.host); put("rule", h.rule); put("key", h.fingerprint);
	put("", h.kind); put("command", h.command); put("started", h.started);
	$("verdict").textContent = `${data.verdict}: ${data.why}`;
	$("verdict").className = data.verdict;
}

function lists() {
	const found = lines.filter((line) => line[1] === "m" || line[1] === "r")
		.map((line) => [line[0], line[1] === "m" ? "mark" : "size", line[2], "mark"])
		.concat(data.events.map((e) => [e[0], e[1], e[2], "audit"]));
	found.sort((a, b) => a[0] - b[0]);
	for (const f of found) items.push(entry($("events"), ...f));
	if (found.length === 0) empty($("events"), "none");
}

function fragment() {
	const wanted = new URLSearchParams(location.hash.slice(1));
	if (wanted.has("q")) { $("text").value = wanted.get("q"); search(wanted.get("q")); }
	if (wanted.has("t")) seek(playedOf(Number(wanted.get("t")) || 0));
}

function begin() {
	measure();
	head();
	lists();
	$("time").max = String(total());
	$("play").addEventListener("click", play);
	$("time").addEventListener("input", () => { const t = Number($("time").value); pause(); seek(t); });
	$("idle").addEventListener("change", () => {
		const real = done > 0 ? lines[done - 1][0] : 0;
		measure();
		$("time").max = String(total());
		ticks();
		seek(playedOf(real));
	});
	$("find").addEventListener("submit", (e) => { e.preventDefault(); search($("text").value); });
	document.addEventListener("keydown", (e) => {
		if (e.target.tagName === "INPUT" && e.target.type === "search") return;
		if (e.key === " ") { e.preventDefault(); play(); }
		else if (e.key === "ArrowRight") { e.preventDefault(); seek(now + 5); }
		else if (e.key === "ArrowLeft") { e.preventDefault(); seek(now - 5); }
	});
	addEventListener("hashchange", fragment);
	ticks();
	seek(0);
	fragment();
}
begin();
})();
