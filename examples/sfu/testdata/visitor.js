"use strict";
// A visitor of a room for the tests: joins with the name of the address, or only watches, says something again and again, and
// reports what is decoded, and how, and what others say.

const given = new URLSearchParams(location.search);
const who = given.get("name");
$("name").value = who;

// With noise, the video is one that codecs cannot make small.
if (given.has("noise")) navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 }), c = canvas.getContext("2d");
  setInterval(() => {
    for (let y = 0; y < canvas.height; y += 8) for (let x = 0; x < canvas.width; x += 8) {
      c.fillStyle = `hsl(${360 * Math.random()} 50% ${40 + 20 * Math.random()}%)`;
      c.fillRect(x, y, 8, 8);
    }
  }, 50);
  return canvas.captureStream();
};
$(given.has("watch") ? "watch" : "enter").click();

setInterval(() => {
  if ($("send").disabled) return;
  $("text").value = `<b>I am ${who}</b>`;
  $("say").requestSubmit();
}, 1000);

// heard returns who has said what, as the page shows it.
function heard() {
  return [...$("lines").children].map(item => item.querySelector("b").textContent + ": " + item.querySelector("p").textContent);
}

// video returns the statistics of a stream's video.
async function video(other) {
  for (const s of (await other.pc.getStats()).values()) if (s.type === "inbound-rtp" && s.kind === "video") return s;
  return {};
}

// How long each stream took from our decision to receive it to the first frame.
setInterval(async () => {
  for (const other of others.values()) {
    other.seen ??= performance.now();
    if (!other.first && (await video(other)).framesDecoded > 0) other.first = performance.now() - other.seen;
  }
}, 50);

// sending returns what our side knows of its path, and whether the packets have numbers for that.
async function sending() {
  if (!own || !own.media) return {};
  const said = { rate: 0, numbered: false, sent: 0, asked: 0 };
  for (const s of (await own.pc.getStats()).values()) {
    if (s.type === "candidate-pair" && s.nominated) said.rate = s.availableOutgoingBitrate || 0;
    if (s.type === "outbound-rtp" && s.kind === "video") Object.assign(said, { sent: s.framesSent || 0, asked: s.nackCount || 0, bytes: s.bytesSent || 0, time: s.timestamp });
  }
  for (const sender of own.pc.getSenders()) {
    said.numbered ||= (sender.getParameters().headerExtensions || []).some(e => e.uri.includes("transport-wide-cc"));
  }
  return said;
}

setInterval(async () => {
  const tiles = [];
  for (const other of others.values()) {
    const v = await video(other);
    const seen = {
      name: other.tile.figure.querySelector("figcaption span").textContent, first: other.first || 0, audio: 0,
      frames: v.framesDecoded || 0, freezes: v.freezeCount || 0, frozen: v.totalFreezesDuration || 0, asked: v.nackCount || 0,
    };
    for (const s of (await other.pc.getStats()).values()) {
      if (s.type === "inbound-rtp" && s.kind === "audio") seen.audio = s.totalAudioEnergy || 0;
    }
    tiles.push(seen);
  }
  fetch("report", { method: "POST", body: JSON.stringify({ who, note: $("note").textContent, own: await sending(), tiles, heard: heard(), trip: $("trip").textContent }) });
}, 500);
