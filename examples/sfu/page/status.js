"use strict";
// Plots of /status.json, a point a second, for the last two minutes.

const $ = id => document.getElementById(id);
const keep = 120;
const points = [];
const owners = ["media", "data channels", "HTTP", "NATS", "process"]; // of goroutines

const count = n => n.toLocaleString("en", { maximumFractionDigits: n < 10 ? 1 : 0 });
const rate = (a, b, key) => 1000 * (b[key] - a[key]) / Math.max(1, b.time - a.time);
const megabits = n => (n / 1e6).toLocaleString("en", { maximumFractionDigits: n < 1e8 ? 1 : 0 }) + " Mbit/s";
const mebibytes = n => (n / 1048576).toFixed(1) + " MiB";
const bits = (a, b, key) => 8 * rate(a, b, key);
const dropped = s => Object.values(s.drops).reduce((sum, n) => sum + n, 0);
const drops = (a, b) => 1000 * (dropped(b) - dropped(a)) / Math.max(1, b.time - a.time);

// Each total: its name, and its text (a: the point before).
const totals = [
  ["peers", (a, b) => count(b.peers)],
  ["people who send", (a, b) => count(b.streams)],
  ["rooms", (a, b) => count(b.rooms)],
  ["received", (a, b) => megabits(bits(a, b, "bytesIn"))],
  ["sent", (a, b) => megabits(bits(a, b, "bytesOut"))],
  ["handshake time", (a, b) => median(b.handshakes)],
  ["goroutines", (a, b) => count(owners.reduce((sum, o) => sum + b.goroutines[o], 0))],
];

// Each plot: its title, its lines' names, the values of a point (a: the one before), and how to print one.
const plots = [
  { title: "Datagrams per second", lines: ["in", "out"], values: (a, b) => [rate(a, b, "packetsIn"), rate(a, b, "packetsOut")], print: count },
  { title: "Bandwidth", lines: ["in", "out"], values: (a, b) => [bits(a, b, "bytesIn"), bits(a, b, "bytesOut")], print: megabits },
  { title: "Kernel calls per second", lines: ["receive", "send"], values: (a, b) => [rate(a, b, "receives"), rate(a, b, "sends")], print: count },
  { title: "Peers, streams and rooms", lines: ["peers", "streams", "rooms"], values: (a, b) => [b.peers, b.streams, b.rooms], print: count, whole: true },
  { title: "Data channels", lines: ["associations", "lines/s", "echoes/s"], values: (a, b) => [b.associations, rate(a, b, "lines"), rate(a, b, "echoes")], print: count },
  { title: "Drops per second", lines: ["all reasons"], values: (a, b) => [drops(a, b)], print: count },
  { title: "Goroutines", lines: owners, values: (a, b) => owners.map(o => b.goroutines[o]), print: count, whole: true },
  { title: "Heap", lines: ["in use"], values: (a, b) => [b.heap], print: mebibytes },
];

// card makes a card with a canvas, and a legend of names, of which some have lines.
function card(title, names, lines = names.length) {
  const box = document.createElement("section"), h = document.createElement("h2"), canvas = document.createElement("canvas"), legend = document.createElement("ul");
  box.className = "card plot";
  h.textContent = title;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  const values = names.map((name, i) => {
    const item = document.createElement("li"), value = document.createElement("b");
    if (i < lines) item.style.setProperty("--mark", `var(--c${i})`);
    else item.className = "plain";
    item.append(name, value);
    legend.append(item);
    return value;
  });
  box.append(h, canvas, legend);
  $("plots").append(box);
  return { canvas, values };
}
for (const p of plots) p.card = card(p.title, p.lines);
const latency = card("Handshakes, from check to keys", ["in all", "median"], 1);

const color = name => getComputedStyle(document.body).getPropertyValue(name);

// paper scales the canvas to the screen's pixels and clears it.
function paper(canvas) {
  const scale = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  canvas.width = w * scale;
  canvas.height = h * scale;
  const c = canvas.getContext("2d");
  c.scale(scale, scale);
  c.font = "11px system-ui, sans-serif";
  c.fillStyle = color("--dim");
  return { c, w, h };
}

// ceiling is the smallest of 1, 2, 4, 5 or 10 times a power of ten that has room for n.
function ceiling(n) {
  const power = 10 ** Math.floor(Math.log10(n));
  return power * [1, 2, 4, 5, 10].find(f => f * power >= n);
}

function draw(p) {
  const { c, w, h } = paper(p.card.canvas);
  const list = points.slice(1).map((b, i) => p.values(points[i], b));
  if (!list.length) return;
  const unit = p.print === mebibytes ? 1048576 : 1;
  const top = unit * ceiling(Math.max(p.whole ? 2 : 1, ...list.flat().map(v => v / unit))), base = h - 16, height = base - 14;
  const x = i => w - (list.length - 1 - i) * w / (keep - 1), y = v => base - v / top * height;
  c.lineWidth = 1;
  c.strokeStyle = color("--line");
  for (const part of [0, 0.5, 1]) {
    c.beginPath();
    c.moveTo(0, Math.round(y(part * top)) + 0.5);
    c.lineTo(w, Math.round(y(part * top)) + 0.5);
    c.stroke();
  }
  p.lines.forEach((name, line) => {
    c.fillStyle = c.strokeStyle = color(`--c${line}`);
    c.lineWidth = 1.8;
    c.lineJoin = "round";
    c.beginPath();
    list.forEach((v, i) => i ? c.lineTo(x(i), y(v[line])) : c.moveTo(x(i), y(v[line])));
    c.stroke();
    if (p.lines.length < 3) { // what is below one or two lines is easier to see
      c.lineTo(w, base);
      c.lineTo(x(0), base);
      c.globalAlpha = 0.12;
      c.fill();
      c.globalAlpha = 1;
    }
    const last = list.length - 1; // a dot: of the first point there is no line
    c.fillRect(x(last) - 3, y(list[last][line]) - 1.5, 3, 3);
    p.card.values[line].textContent = p.print(list[last][line]);
  });
  c.fillStyle = color("--dim");
  for (const part of [0.5, 1]) c.fillText(p.print(part * top), 0, y(part * top) - 3);
  c.fillText("2 min ago", 0, h - 3);
  c.textAlign = "right";
  c.fillText("now", w, h - 3);
}

// median says which bucket the middle one is in.
function median(buckets) {
  const total = buckets.reduce((n, b) => n + b.count, 0);
  let before = 0;
  for (const b of buckets) {
    before += b.count;
    if (total && before >= total / 2) return b.seconds ? "≤ " + time(b.seconds) : "> 5 s";
  }
  return "–";
}

const time = seconds => seconds < 1 ? `${seconds * 1000} ms` : `${seconds} s`;

function drawLatency(buckets) {
  const { c, w, h } = paper(latency.canvas);
  const total = buckets.reduce((n, b) => n + b.count, 0), most = Math.max(1, ...buckets.map(b => b.count));
  const step = w / buckets.length, base = h - 16;
  c.textAlign = "center";
  buckets.forEach((b, i) => {
    const height = b.count / most * (base - 16);
    c.fillStyle = color("--c0");
    c.fillRect(i * step + 2, base - Math.max(height, 1), step - 4, Math.max(height, 1));
    c.fillStyle = color("--dim");
    if (b.count) c.fillText(count(b.count), (i + 0.5) * step, base - height - 4);
    // The unit stands where it changes.
    const plain = i && b.seconds !== 1;
    c.fillText(!b.seconds ? "more" : plain ? time(b.seconds).split(" ")[0] : time(b.seconds), (i + 0.5) * step, h - 3, step - 2);
  });
  latency.values[0].textContent = count(total);
  latency.values[1].textContent = median(buckets);
}

function tell(a, b) {
  $("totals").replaceChildren(...totals.map(([name, text]) => {
    const box = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
    box.className = "card";
    term.textContent = name;
    value.textContent = text(a, b);
    box.append(term, value);
    return box;
  }));
  const reasons = Object.keys(b.drops).sort((m, n) => b.drops[n] - b.drops[m] || m.localeCompare(n));
  $("drops").replaceChildren(...reasons.filter(reason => b.drops[reason]).map(reason => {
    const item = document.createElement("li"), value = document.createElement("b");
    value.textContent = count(b.drops[reason]);
    item.append(reason, value);
    return item;
  }));
  $("none").textContent = "None for: " + reasons.filter(reason => !b.drops[reason]).join(" · ");
}

async function look() {
  try {
    const s = await (await fetch("status.json")).json();
    if (points.length && points[points.length - 1].time >= s.time) return; // there is nothing newer yet
    points.push(s);
    if (points.length > keep + 1) points.shift();
    plots.forEach(draw);
    drawLatency(s.handshakes);
    tell(points[Math.max(0, points.length - 2)], s);
    $("note").textContent = `receive buffer ${count(s.receiveBuffer / 1024)} KiB · segmentation offload ${s.segmentation ? "on" : "off"} · coalescing ${s.coalescing ? "on" : "off"}`;
    $("note").className = "";
  } catch (e) {
    $("note").textContent = "The server cannot be reached.";
    $("note").className = "bad";
  }
}
look();
setInterval(look, 1000);
