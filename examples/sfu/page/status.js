"use strict";
// Plots of /status.json, a point a second, for the last two minutes.

const keep = 120;
const history = [];
const colors = ["#2b6cb0", "#dd6b20", "#2f855a", "#97266d"];
const owners = ["media", "HTTP", "NATS", "process"]; // of goroutines

const count = n => n.toLocaleString("en", { maximumFractionDigits: 0 });
const rate = (a, b, key) => 1000 * (b[key] - a[key]) / Math.max(1, b.time - a.time);
const megabits = n => (8 * n / 1e6).toLocaleString("en", { maximumFractionDigits: 1 }) + " Mbit/s";

// Each plot: its title, its lines' names, the values of a point (a: the one before), and how to print one.
const plots = [
  { title: "Peers, streams and rooms", lines: ["peers", "streams", "rooms"], values: (a, b) => [b.peers, b.streams, b.rooms], print: count },
  { title: "Datagrams per second", lines: ["in", "out"], values: (a, b) => [rate(a, b, "packetsIn"), rate(a, b, "packetsOut")], print: count },
  { title: "Bytes", lines: ["in", "out"], values: (a, b) => [rate(a, b, "bytesIn"), rate(a, b, "bytesOut")], print: megabits },
  { title: "Kernel calls per second", lines: ["receive", "send"], values: (a, b) => [rate(a, b, "receives"), rate(a, b, "sends")], print: count },
  { title: "Drops per second", lines: ["all reasons"], values: (a, b) => [Object.keys(b.drops).reduce((n, k) => n + 1000 * (b.drops[k] - a.drops[k]) / Math.max(1, b.time - a.time), 0)], print: count },
  { title: "Goroutines", lines: owners, values: (a, b) => owners.map(o => b.goroutines[o]), print: count },
  { title: "Heap", lines: ["MiB"], values: (a, b) => [b.heap / 1048576], print: n => n.toFixed(1) + " MiB" },
];

function canvasOf(title) {
  const box = document.createElement("section");
  box.className = "plot";
  const h = document.createElement("h2"), now = document.createElement("span"), canvas = document.createElement("canvas");
  now.className = "now";
  h.append(title, now);
  box.append(h, canvas);
  document.getElementById("plots").append(box);
  return { canvas, now };
}
for (const p of plots) Object.assign(p, canvasOf(p.title));
const latency = canvasOf("Handshakes, ms from check to keys");

// context scales the canvas to the screen's pixels and clears it.
function context(canvas) {
  const scale = devicePixelRatio || 1, w = canvas.clientWidth, h = canvas.clientHeight;
  canvas.width = w * scale;
  canvas.height = h * scale;
  const c = canvas.getContext("2d");
  c.scale(scale, scale);
  c.font = "12px system-ui, sans-serif";
  c.fillStyle = getComputedStyle(document.body).color;
  return { c, w, h };
}

function draw(p) {
  const { c, w, h } = context(p.canvas);
  const points = history.slice(1).map((b, i) => p.values(history[i], b));
  if (!points.length) return;
  const top = Math.max(1, ...points.flat()) * 1.1, base = h - 18;
  const x = i => w - (points.length - 1 - i) * w / (keep - 1), y = v => base - v / top * (base - 16);
  c.globalAlpha = 0.35;
  c.fillRect(0, base, w, 1);
  c.globalAlpha = 1;
  c.fillText(p.print(top), 2, 12);
  let left = 2;
  p.lines.forEach((name, line) => {
    c.strokeStyle = colors[line];
    c.lineWidth = 2;
    c.beginPath();
    points.forEach((v, i) => i ? c.lineTo(x(i), y(v[line])) : c.moveTo(x(i), y(v[line])));
    c.stroke();
    c.fillStyle = colors[line];
    const last = points.length - 1; // a dot: of the first point there is no line
    c.fillRect(x(last) - 3, y(points[last][line]) - 1.5, 3, 3);
    c.fillRect(left, h - 10, 8, 8);
    c.fillStyle = getComputedStyle(document.body).color;
    c.fillText(name, left + 12, h - 2);
    left += 24 + c.measureText(name).width;
  });
  p.now.textContent = points[points.length - 1].map(p.print).join(" / ");
}

function drawLatency(buckets) {
  const { c, w, h } = context(latency.canvas);
  const total = buckets.reduce((n, b) => n + b.count, 0), most = Math.max(1, ...buckets.map(b => b.count));
  const step = w / buckets.length, base = h - 18;
  buckets.forEach((b, i) => {
    const height = b.count / most * (base - 16);
    const ink = c.fillStyle;
    c.fillStyle = colors[0];
    c.fillRect(i * step + 2, base - height, step - 4, height);
    c.fillStyle = ink;
    if (b.count) c.fillText(count(b.count), i * step + 2, base - height - 3);
    c.fillText(b.seconds ? (b.seconds < 1 ? b.seconds * 1000 : b.seconds + " s") : "more", i * step + 2, h - 4);
  });
  latency.now.textContent = count(total) + " in all";
}

async function look() {
  const note = document.getElementById("note");
  try {
    const s = await (await fetch("status.json")).json();
    history.push(s);
    if (history.length > keep + 1) history.shift();
    plots.forEach(draw);
    drawLatency(s.handshakes);
    document.getElementById("drops").replaceChildren(...Object.entries(s.drops).sort().map(([reason, n]) => {
      const row = document.createElement("tr");
      for (const text of [reason, count(n)]) row.insertCell().textContent = text;
      return row;
    }));
    note.textContent = `receive buffer ${count(s.receiveBuffer / 1024)} KiB · segmentation offload ${s.segmentation ? "on" : "off"} · coalescing ${s.coalescing ? "on" : "off"}`;
    note.className = "";
  } catch (e) {
    note.textContent = "The server cannot be reached.";
    note.className = "bad";
  }
}
look();
setInterval(look, 1000);
