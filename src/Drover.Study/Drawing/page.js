/*<![CDATA[*/
"use strict";

// Draws the charts of a page: each <figure class="chart"> has its data beside it (Drawing/TimelineFigure.cs and
// LineFigure.cs). Everything is drawn again at each width, so that text keeps its size.

const TextSize = 11, LetterWidth = 6.2, AxisHeight = 34, LaneHeight = 14, LoadHeight = 44, NarrowWidth = 600;
const PrintWidth = 680; // an A4 page without its margins
const MaxRows = 40; // rows before a button shows the rest

const escapeText = text => String(text).replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`);
const limit = (value, low, high) => Math.min(Math.max(value, low), high);
const round = value => Math.round(value * 10) / 10;
const textAt = (x, y, text, more = "") => `<text x="${round(x)}" y="${round(y)}" ${more}>${escapeText(text)}</text>`;
const lineAt = (x1, y1, x2, y2) =>
    `<line class="grid" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`;

/** Shortens a text from its start: the end of a device path tells more. */
const fit = (text, width) => {
    const letters = Math.floor(width / LetterWidth);
    return text.length <= letters ? text : `…${text.slice(text.length - Math.max(letters - 1, 1))}`;
};

/** Seconds with the digits that tell times of one step apart. */
const seconds = (us, step = 1000) => `${(us / 1e6).toFixed(limit(Math.ceil(6 - Math.log10(step)), 0, 6))} s`;

const make = (name, properties, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
};

const setSize = (svg, width, height) => {
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
};

/** Bars over time: a row a module, a worker or a unit, a lane in it for each of the runs that are compared. */
class Timeline {
    constructor(figure) {
        Object.assign(this, JSON.parse(figure.querySelector("script").textContent));
        Object.assign(this, { figure, from: 0, to: this.end, view: 0, selected: -1, query: "", showsAll: false });
        this.pointers = new Map();
        this.head = figure.querySelector("svg");
        this.body = this.head.cloneNode();
        this.build();
    }

    build() {
        const press = (label, name, act) => make("button", { type: "button", ariaLabel: name, title: name,
            textContent: label, onclick: () => { act(); this.draw(); } });
        this.tabs = this.views.map((view, i) =>
            press(view.name, `a row for each of the ${view.name}`, () => this.show(i)));
        this.search = make("input", { type: "search", placeholder: "find", ariaLabel: "show rows with this name",
            oninput: () => { this.query = this.search.value.toLowerCase(); this.selected = -1; this.draw(); } });
        this.status = make("output", { className: "facts" });
        this.status.setAttribute("aria-live", "polite");
        this.more = make("button", { type: "button", onclick: () => { this.showsAll = true; this.draw(); } });
        const tools = make("div", { className: "tools" }, ...(this.tabs.length > 1 ? this.tabs : []), this.search,
            press("+", "zoom in (key +)", () => this.zoom(0.5)), press("−", "zoom out (key -)", () => this.zoom(2)),
            press("◀", "earlier (left arrow key)", () => this.move(-0.2)),
            press("▶", "later (right arrow key)", () => this.move(0.2)),
            press("all", "show all of the time (key 0)", () => this.setSpan(0, this.end)));
        this.plot = make("div", { className: "plot", tabIndex: 0 });
        this.plot.setAttribute("role", "application");
        this.plot.setAttribute("aria-label", `${this.label}. Up and down arrow keys choose a row, left and right move, `
            + "plus and minus zoom, Enter zooms to the row, 0 shows all, slash searches.");
        const top = make("div", { className: "top" }, this.status, this.head);
        this.plot.append(top, this.body);
        this.figure.prepend(tools, this.plot, this.more);
        this.plot.onkeydown = event => this.key(event);
        this.plot.ondblclick = event => this.zoom(0.5, this.timeAt(event));
        this.plot.onwheel = event => {
            if (!event.ctrlKey && !event.shiftKey)
                return;
            event.preventDefault();
            this.zoom(event.deltaY + event.deltaX > 0 ? 1.25 : 0.8, this.timeAt(event));
        };
        this.plot.onpointerdown = event => this.down(event);
        this.plot.onpointermove = event => this.moved(event);
        this.plot.onpointerup = this.plot.onpointercancel = event => this.up(event);
        this.show(0);
        // the width of a folded part is 0 until it is opened
        new ResizeObserver(() => this.draw()).observe(this.figure);
    }

    show(view) {
        Object.assign(this, { view, selected: -1, showsAll: false });
        this.tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", i === view));
        this.say(`${this.views[view].rows.length} ${this.views[view].name}. Point at a bar, or choose a row.`);
    }

    say(text) {
        this.status.textContent = text;
    }

    /** The names of the lanes of a row: the runs, or one without a name. */
    get lanes() {
        return this.views[this.view].lanes;
    }

    get found() {
        return this.views[this.view].rows.filter(row => row.name.toLowerCase().includes(this.query));
    }

    get rows() {
        return this.showsAll || this.query ? this.found : this.found.slice(0, MaxRows);
    }

    setSpan(from, to) {
        const length = limit(to - from, Math.min(10, this.end), this.end);
        this.from = limit(from, 0, this.end - length);
        this.to = this.from + length;
    }

    zoom(by, at = (this.from + this.to) / 2) {
        this.setSpan(at - (at - this.from) * by, at + (this.to - at) * by);
        this.drawSoon();
    }

    move(share) {
        const by = (this.to - this.from) * share;
        this.setSpan(this.from + by, this.to + by);
        this.drawSoon();
    }

    choose(row) {
        const rows = this.rows;
        this.selected = limit(row, 0, rows.length - 1);
        if (rows.length > 0)
            this.say(this.factsOf(rows[this.selected]));
        this.drawSoon();
        const box = this.body.getBoundingClientRect(), y = box.top + this.rowTop(this.selected);
        if (y < this.head.getBoundingClientRect().bottom || y + 2 * this.rowHeight > innerHeight)
            scrollBy(0, y - innerHeight / 2);
    }

    key(event) {
        const acts = {
            ArrowLeft: () => this.move(-0.2), ArrowRight: () => this.move(0.2),
            ArrowUp: () => this.choose(this.selected - 1), ArrowDown: () => this.choose(this.selected + 1),
            "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2),
            "0": () => this.setSpan(0, this.end), Home: () => this.setSpan(0, this.end),
            Enter: () => this.zoomToRow(), "/": () => this.search.focus(),
        };
        const act = acts[event.key];
        if (!act || event.ctrlKey || event.altKey || event.metaKey)
            return;
        event.preventDefault();
        act();
        this.drawSoon();
    }

    zoomToRow() {
        const bars = this.rows[this.selected]?.lanes.flatMap(lane => this.barsOf(lane));
        if (!bars?.length)
            return;
        const from = Math.min(...bars.map(bar => bar.from)), to = Math.max(...bars.map(bar => bar.to));
        const margin = (to - from) / 10 + 1;
        this.setSpan(from - margin, to + margin);
    }

    down(event) {
        this.pointers.set(event.pointerId, event.clientX);
        this.dragged = 0;
    }

    /** A pointer drags, two pinch, and one that is not pressed reads. */
    moved(event) {
        const before = [...this.pointers.values()];
        if (!this.pointers.has(event.pointerId)) {
            this.read(event.target);
            return;
        }
        const by = event.clientX - this.pointers.get(event.pointerId);
        this.pointers.set(event.pointerId, event.clientX);
        this.dragged += Math.abs(by);
        if (this.dragged > 3)
            this.plot.setPointerCapture(event.pointerId);
        const after = [...this.pointers.values()];
        if (after.length === 1)
            this.move(-by / this.width);
        else if (after.length === 2 && after[0] !== after[1])
            this.zoom(limit(Math.abs((before[0] - before[1]) / (after[0] - after[1])), 0.2, 5));
    }

    up(event) {
        if (this.pointers.delete(event.pointerId) && this.dragged < 4 && event.type === "pointerup") {
            this.read(event.target);
            const row = event.target.closest?.("[data-row]")?.dataset.row;
            if (row !== undefined)
                Object.assign(this, { selected: Number(row) });
            this.drawSoon();
        }
    }

    /** Tells what the bar or the row below a pointer is. */
    read(target) {
        const row = this.rows[target.closest?.("[data-row]")?.dataset.row];
        if (!row)
            return;
        const [lane, first, count] = (target.dataset.bar ?? "").split(",").map(Number);
        this.say(target.dataset.bar ? this.factsOfBars(row, lane, first, count) : this.factsOf(row));
    }

    timeAt(event) {
        const x = event.clientX - this.plot.getBoundingClientRect().left - this.gutter;
        return this.from + limit(x / this.width, 0, 1) * (this.to - this.from);
    }

    /** A lane has five numbers a bar. */
    barAt(lane, i) {
        const [from, length, state, name, text] = lane.bars.slice(5 * i, 5 * i + 5);
        return { from, to: from + length, state, name: this.names[name] ?? "", text: this.texts[text] ?? "" };
    }

    barsOf(lane) {
        return Array.from({ length: lane.bars.length / 5 }, (_, i) => this.barAt(lane, i));
    }

    factsOf(row) {
        return `${row.name}: ` + row.lanes.map((lane, i) => {
            const bars = this.barsOf(lane);
            const sums = this.states.map((state, s) => {
                const sum = bars.filter(bar => bar.state === s).reduce((all, bar) => all + bar.to - bar.from, 0);
                return sum > 0 ? `, ${state} ${seconds(sum)}` : "";
            });
            const workers = lane.workers > 0 ? ` by ${lane.workers.toLocaleString("en")} workers` : "";
            const calls = lane.calls > 0 ? `${lane.calls.toLocaleString("en")} calls${workers}, ` : "";
            const end = Math.max(...bars.map(bar => bar.to));
            return (this.lanes.length > 1 ? `${this.lanes[i]} ` : "")
                + (bars.length === 0 ? "none" : `${calls}${seconds(bars[0].from)} to ${seconds(end)}${sums.join("")}`);
        }).join("; ");
    }

    factsOfBars(row, lane, first, count) {
        const one = this.barAt(row.lanes[lane], first), last = this.barAt(row.lanes[lane], first + count - 1);
        const who = [this.lanes.length > 1 ? this.lanes[lane] : "", row.name, one.name === row.name ? "" : one.name];
        const times = `${seconds(last.to - one.from)} from ${seconds(one.from)}`;
        return `${who.filter(text => text).join(", ")}: ${count > 1 ? `${count} times, ` : ""}`
            + `${this.states[one.state]}, ${times}${one.text ? `; ${one.text}` : ""}`;
    }

    drawSoon() {
        this.frame ??= requestAnimationFrame(() => {
            this.frame = undefined;
            this.draw();
        });
    }

    rowTop(row) {
        return row * this.rowHeight;
    }

    /** @param size The width of paper; else that of the figure. */
    draw(size) {
        const all = typeof size === "number" ? size : this.figure.clientWidth;
        if (all === 0)
            return;
        this.isNarrow = all < NarrowWidth;
        const names = this.lanes.length > 1 ? Math.max(...this.lanes.map(name => name.length)) : 0;
        this.laneGutter = names > 0 ? Math.min(names, 10) * LetterWidth + 8 : 8;
        this.gutter = this.laneGutter + (this.isNarrow ? 24 : 170);
        if (this.isNarrow && names > 0)
            this.gutter = this.laneGutter;
        this.width = all - this.gutter - 12;
        this.rowHeight = this.lanes.length * LaneHeight + (this.isNarrow ? 16 : 4);
        this.step = this.stepFor((this.to - this.from) / Math.max(this.width / 70, 1));
        this.drawHead(all);
        this.drawRows(all);
        const hidden = this.found.length - this.rows.length;
        this.more.hidden = hidden <= 0;
        this.more.textContent = `show ${hidden} more ${this.views[this.view].name}`;
    }

    x(us) {
        return this.gutter + (us - this.from) / (this.to - this.from) * this.width;
    }

    /** The least of 1, 2 and 5 times a power of ten that is not smaller. */
    stepFor(us) {
        const power = 10 ** Math.floor(Math.log10(Math.max(us, 1)));
        return [1, 2, 5, 10].map(times => times * power).find(step => step >= us) ?? 10 * power;
    }

    get ticks() {
        const first = Math.ceil(this.from / this.step);
        return Array.from({ length: Math.floor(this.to / this.step) - first + 1 }, (_, i) => (first + i) * this.step);
    }

    drawHead(all) {
        const load = this.load ?? [], height = AxisHeight + load.length * (LoadHeight + 16);
        let svg = textAt(all - 12, TextSize, this.axis, `text-anchor="end" class="dim"`);
        for (const tick of this.ticks)
            svg += lineAt(this.x(tick), 28, this.x(tick), height) + textAt(this.x(tick), 25, seconds(tick, this.step),
                `text-anchor="middle"`);
        load.forEach((lane, i) => {
            const top = AxisHeight + i * (LoadHeight + 16) + 14;
            const name = this.runs.length > 1 ? `${this.runs[i]}: ` : "";
            svg += textAt(0, top - 3, `${name}calls in the kernel at once, at most ${lane.most.toLocaleString("en")}`)
                + this.stack(lane, top) + lineAt(this.gutter, top + LoadHeight, all - 12, top + LoadHeight);
        });
        setSize(this.head, all, height);
        this.head.innerHTML = svg;
    }

    /** Columns of the numbers of calls, a state on the other. */
    stack(lane, top) {
        const columns = lane.columns[0].length, below = new Array(columns).fill(0);
        const wide = this.end / columns;
        const first = Math.floor(this.from / wide), end = Math.min(columns, Math.ceil(this.to / wide));
        const yOf = calls => round(top + LoadHeight * (1 - calls / Math.max(this.most, 1)));
        let svg = "";
        lane.columns.forEach((calls, state) => {
            let up = "", down = "";
            for (let i = first; i < end; i++) {
                const x = round(limit(this.x(i * wide), this.gutter, this.gutter + this.width));
                const next = round(limit(this.x((i + 1) * wide), this.gutter, this.gutter + this.width));
                down = `L${next} ${yOf(below[i])}H${x}` + down;
                below[i] += calls[i];
                up += `${up ? "L" : "M"}${x} ${yOf(below[i])}H${next}`;
            }
            if (calls.some(call => call > 0))
                svg += `<path class="${this.states[state]}" d="${up}${down}Z"/>`;
        });
        return svg;
    }

    drawRows(all) {
        const rows = this.rows, height = Math.max(rows.length, 1) * this.rowHeight + 4;
        let svg = "";
        for (const tick of this.ticks)
            svg += lineAt(this.x(tick), 0, this.x(tick), height);
        rows.forEach((row, i) => { svg += this.drawRow(row, i, all); });
        if (rows.length === 0)
            svg += textAt(this.gutter, 14, "no row has this name");
        setSize(this.body, all, height);
        this.body.innerHTML = svg;
    }

    drawRow(row, index, all) {
        const top = this.rowTop(index), bars = top + (this.isNarrow ? 16 : 2);
        const isChosen = index === this.selected;
        const name = this.isNarrow ? textAt(0, top + 12, fit(row.name, all), `class="name"`)
            : textAt(this.gutter - this.laneGutter - 4, bars + (this.lanes.length * LaneHeight) / 2 + 4,
                fit(row.name, this.gutter - this.laneGutter - 8), `text-anchor="end" class="name"`);
        const lanes = row.lanes.map((lane, i) => {
            const y = bars + i * LaneHeight;
            const label = this.lanes.length === 1 ? "" : textAt(
                this.gutter - 6, y + 11, fit(this.lanes[i], this.laneGutter - 6), `text-anchor="end" class="dim"`);
            return label + this.drawLane(lane, i, y, row.name);
        });
        return `<g data-row="${index}"${isChosen ? ` class="chosen"` : ""}><rect class="row" x="0" y="${top}" `
            + `width="${all}" height="${this.rowHeight}"/>${name}${lanes.join("")}</g>`;
    }

    drawLane(lane, laneIndex, y, rowName) {
        const { bars } = lane, count = bars.length / 5;
        const place = i => [limit(this.x(bars[5 * i]), this.gutter, this.gutter + this.width),
            limit(this.x(bars[5 * i] + bars[5 * i + 1]), this.gutter, this.gutter + this.width)];
        let svg = "";
        for (let first = 0, next; first < count; first = next) {
            next = first + 1;
            if (bars[5 * first] > this.to || bars[5 * first] + bars[5 * first + 1] < this.from)
                continue;
            let [from, to] = place(first), state = bars[5 * first + 2];
            // bars too thin to be told apart are one, in the state that matters most
            for (; next < count && to - from < 2; next++) {
                const [start, end] = place(next);
                if (start - to > 0.5 || end - start >= 1)
                    break;
                to = Math.max(to, end);
                state = Math.max(state, bars[5 * next + 2]);
            }
            const width = Math.max(to - from, 1);
            const name = next - first === 1 ? this.names[bars[5 * first + 3]] ?? "" : "";
            svg += `<rect class="${this.states[state]}" x="${round(from)}" y="${y + 1}" width="${round(width)}" `
                + `height="${LaneHeight - 3}" data-bar="${laneIndex},${first},${next - first}"/>`;
            if (name && name !== rowName && name.length * LetterWidth + 6 < width)
                svg += textAt(from + 3, y + LaneHeight - 4, name, `class="on-${this.states[state]}"`);
        }
        for (let i = 0; i < (lane.path ?? []).length; i += 2) {
            const from = Math.max(this.x(lane.path[i]), this.gutter);
            const to = Math.min(this.x(lane.path[i] + lane.path[i + 1]), this.gutter + this.width);
            if (to >= from)
                svg += `<rect class="path" x="${round(from)}" y="${y + LaneHeight - 3}" `
                    + `width="${round(Math.max(to - from, 1))}" height="2"/>`;
        }
        return svg;
    }

    get most() {
        return Math.max(...this.load.map(lane => lane.most));
    }
}

/** Values along an axis; all places are shares of an axis, 0 to 1. */
class Lines {
    constructor(figure) {
        Object.assign(this, JSON.parse(figure.querySelector("script").textContent));
        Object.assign(this, { figure, svg: figure.querySelector("svg"), at: -1 });
        this.points = this.lines.flatMap((line, i) => line.points.map(point => ({ line: i, point })));
        this.status = make("output", { className: "facts", textContent: "Point at a mark, or use the arrow keys." });
        this.status.setAttribute("aria-live", "polite");
        this.plot = make("div", { className: "plot", tabIndex: 0 }, this.svg);
        this.plot.setAttribute("role", "application");
        this.plot.setAttribute("aria-label", `${this.y} against ${this.x}. Left and right arrow keys read the marks.`);
        figure.prepend(this.status, this.plot);
        this.plot.onkeydown = event => {
            const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
            if (!by)
                return;
            event.preventDefault();
            this.read(limit(this.at + by, 0, this.points.length - 1));
        };
        this.plot.onpointermove = this.plot.onpointerdown = event => this.readNear(event);
        new ResizeObserver(() => this.draw()).observe(figure);
    }

    read(at) {
        this.at = at;
        const { line, point } = this.points[at];
        this.status.textContent = `${this.lines[line].name}: ${point[3]}`;
        this.draw();
    }

    readNear(event) {
        const box = this.svg.getBoundingClientRect();
        const distances = this.points.map(({ point }) =>
            Math.hypot(this.xOf(point[0]) - event.clientX + box.left, this.yOf(point[1]) - event.clientY + box.top));
        const nearest = Math.min(...distances);
        if (nearest < 30 && distances.indexOf(nearest) !== this.at)
            this.read(distances.indexOf(nearest));
    }

    xOf(share) {
        return this.left + share * (this.width - this.left - 24);
    }

    yOf(share) {
        return 22 + (1 - share) * (this.height - 62);
    }

    draw(size) {
        this.width = typeof size === "number" ? size : this.figure.clientWidth;
        if (this.width === 0)
            return;
        this.height = this.width < NarrowWidth ? 280 : 360;
        this.left = Math.max(...this.yTicks.map(tick => tick[1].length)) * LetterWidth + 12;
        let svg = textAt(0, TextSize, this.y, `class="dim"`)
            + textAt(this.width - 24, this.height - 4, this.x, `text-anchor="end" class="dim"`);
        for (const [share, label] of this.yTicks)
            svg += lineAt(this.left, this.yOf(share), this.width - 24, this.yOf(share))
                + textAt(this.left - 6, this.yOf(share) + 4, label, `text-anchor="end"`);
        let free = 0;
        for (const [share, label] of this.xTicks) {
            const x = this.xOf(share), half = label.length * LetterWidth / 2;
            svg += lineAt(x, this.yOf(0), x, this.yOf(1));
            if (x - half >= free) {
                svg += textAt(x, this.height - 22, label, `text-anchor="middle"`);
                free = x + half + 8;
            }
        }
        this.lines.forEach((line, i) => { svg += this.drawLine(line, i); });
        if (this.at >= 0) {
            const { point } = this.points[this.at];
            svg += `<circle class="chosen" cx="${round(this.xOf(point[0]))}" cy="${round(this.yOf(point[1]))}" r="7"/>`;
        }
        setSize(this.svg, this.width, this.height);
        this.svg.innerHTML = svg;
    }

    drawLine(line, index) {
        const places = line.points.map(([x, y]) => [round(this.xOf(x)), round(this.yOf(y))]);
        const marks = line.points.map(([, , booted], i) => {
            const [x, y] = places[i];
            return booted ? `<circle class="dot" cx="${x}" cy="${y}" r="2.5"/>`
                : `<path class="cross" d="M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}"/>`;
        });
        const dashed = index >= 8 ? " dashed" : "";
        return `<g class="c${index % 8}"><polyline class="line${dashed}" points="${places.join(" ")}"/>`
            + `${marks.join("")}</g>`;
    }
}

const charts = [...document.querySelectorAll("figure.chart")].map(figure =>
    figure.classList.contains("lines") ? new Lines(figure) : new Timeline(figure));
addEventListener("beforeprint", () => charts.forEach(chart => chart.draw(PrintWidth)));
addEventListener("afterprint", () => charts.forEach(chart => chart.draw()));
/*]]>*/
