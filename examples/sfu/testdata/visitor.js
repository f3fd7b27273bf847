"use strict";
// A visitor of a room for the test: joins with the name of the address, and reports what is decoded.

const who = new URLSearchParams(location.search).get("name");
$("name").value = who;
$("enter").click();

setInterval(async () => {
  const tiles = [];
  for (const other of others.values()) {
    const seen = { name: other.tile.figure.querySelector("figcaption span").textContent, frames: 0, audio: 0 };
    for (const s of (await other.pc.getStats()).values()) {
      if (s.type !== "inbound-rtp") continue;
      if (s.kind === "video") seen.frames = s.framesDecoded || 0;
      if (s.kind === "audio") seen.audio = s.totalAudioEnergy || 0;
    }
    tiles.push(seen);
  }
  fetch("report", { method: "POST", body: JSON.stringify({ who, note: $("note").textContent, tiles }) });
}, 500);
