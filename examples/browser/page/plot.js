// Drawings: the traffic of the last minute, and the set-up time.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Plot draws bits per second: what goes to the server upwards, what comes back downwards.
export class Plot {
  #canvas;
  #samples = [];
  static #length = 120; // samples of half a second

  constructor(canvas) {
    this.#canvas = canvas;
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  clear() {
    this.#samples = [];
    this.#draw();
  }

  add(there, back) {
    this.#samples.push([there, back]);
    if (this.#samples.length > Plot.#length) this.#samples.shift();
    this.#draw();
  }

  #draw() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: w, clientHeight: h } = this.#canvas;
    this.#canvas.width = w * ratio;
    this.#canvas.height = h * ratio;
    const c = this.#canvas.getContext('2d');
    c.scale(ratio, ratio);
    const middle = h / 2;
    c.strokeStyle = css('--line');
    c.beginPath();
    c.moveTo(0, middle);
    c.lineTo(w, middle);
    c.stroke();
    const top = niceAbove(Math.max(1000, ...this.#samples.flat()));
    const x = (i) => w - (this.#samples.length - 1 - i) * (w / (Plot.#length - 1));
    for (const [index, colour, sign] of [[0, css('--there'), -1], [1, css('--back'), 1]]) {
      if (this.#samples.length < 2) break;
      const y = (v) => middle + sign * (v / top) * (middle - 14);
      c.beginPath();
      c.moveTo(x(0), middle);
      this.#samples.forEach((s, i) => c.lineTo(x(i), y(s[index])));
      c.lineTo(w, middle);
      c.globalAlpha = 0.22;
      c.fillStyle = colour;
      c.fill();
      c.globalAlpha = 1;
      c.beginPath();
      this.#samples.forEach((s, i) => c.lineTo(x(i), y(s[index])));
      c.strokeStyle = colour;
      c.lineWidth = 2;
      c.stroke();
      c.lineWidth = 1;
    }
    c.fillStyle = css('--dim');
    c.font = '12px system-ui, sans-serif';
    const label = top >= 1e6 ? `${top / 1e6} Mbit/s` : `${top / 1e3} kbit/s`;
    c.fillText(label, 0, 11);
    c.fillText(label, 0, h - 3);
    c.textAlign = 'right';
    c.fillText('one minute', w, h - 3);
    c.textAlign = 'left';
  }
}

// niceAbove rounds up to 1, 2 or 5 times a power of ten.
function niceAbove(v) {
  const power = 10 ** Math.floor(Math.log10(v));
  return power * [1, 2, 5, 10].find((m) => m * power >= v);
}

// drawTimeline draws one bar for each step, from the end of the step before it. times are milliseconds from the offer.
export function drawTimeline(svg, times, total) {
  const steps = [
    ['gathered', 'candidates', '--sig'], ['answer', 'signalling', '--sig'], ['ice', 'ICE', '--ice'],
    ['dtls', 'DTLS', '--dtls'], ['channel', 'channel open', '--sctp'],
  ];
  const known = steps.filter(([key]) => times[key] !== undefined).map(([key]) => times[key]);
  const end = Math.max(...known, 1);
  const left = 88;
  const width = Math.max(svg.clientWidth, 200);
  const scale = (width - left - 64) / end;
  const row = 20;
  svg.setAttribute('viewBox', `0 0 ${width} ${row * steps.length + 8}`);
  let before = 0;
  svg.innerHTML = steps.map(([key, name, colour], i) => {
    const y = i * row + 6;
    const at = times[key];
    let bar = '';
    if (at !== undefined) {
      const from = Math.min(before, at);
      const x = left + from * scale;
      const w = Math.max((at - from) * scale, 3);
      bar = `<rect x="${x}" y="${y}" width="${w}" height="12" rx="4" fill="var(${colour})"/>`
        + `<text class="dim" x="${x + w + 6}" y="${y + 10}">${at.toFixed(0)} ms</text>`;
      before = at;
    }
    return `<text class="${at === undefined ? 'dim' : ''}" x="0" y="${y + 10}">${name}</text>`
      + `<line class="grid" x1="${left}" y1="${y + 16}" x2="${width}" y2="${y + 16}"/>${bar}`;
  }).join('');
  total.textContent = times.channel === undefined ? '' : `${times.channel.toFixed(0)} ms from offer to channel`;
}
