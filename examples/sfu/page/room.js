"use strict";
// A page of a room: it publishes and chats by WHIP, and receives each other stream by WHEP, on a connection of its own.

const $ = id => document.getElementById(id);
const room = new URLSearchParams(location.search).get("room") || "lobby";
const size = (new URLSearchParams(location.search).get("size") || "640x480").split("x").map(Number); // of our video
$("room").textContent = room;
document.title = "Room " + room;

let own = null;              // {pc, session, id}, with {media, tile} if we send: our own connection
let events = null;           // tells who sends, at each change
let listed = [];             // what it told last
const others = new Map();    // by stream id: {pc, session, tile}

const again = 1000;          // ms until what has failed is tried again

function note(text, bad) {
  $("note").textContent = text;
  $("note").classList.toggle("bad", !!bad);
}

// negotiate makes our offer, with all candidates in it, and takes the server's answer. It returns the session's address.
async function negotiate(pc, url) {
  await pc.setLocalDescription(await pc.createOffer());
  // The server is ICE-lite and needs none of our candidates: it learns our address from our checks.
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
  const text = await response.text();
  if (!response.ok) throw new Error(text.trim());
  await pc.setRemoteDescription({ type: "answer", sdp: text });
  return response.headers.get("Location");
}

function tile(name, stream, mine) {
  const figure = document.createElement("figure");
  figure.className = mine ? "tile own" : "tile";
  const video = document.createElement("video");
  video.autoplay = video.playsInline = true;
  video.muted = mine;
  video.srcObject = stream;
  const caption = document.createElement("figcaption");
  const who = document.createElement("span"), how = document.createElement("span");
  who.textContent = name;
  caption.append(who, how);
  figure.append(video, caption);
  $("tiles").append(figure);
  return { figure, video, how, remove: () => { video.srcObject = null; figure.remove(); } };
}

// connect makes our own connection: for the chat, and with camera and microphone if we send.
async function connect(name, withMedia) {
  const pc = new RTCPeerConnection();
  own = { pc };
  if (withMedia) {
    own.media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: size[0] }, height: { ideal: size[1] } } });
    for (const track of own.media.getTracks()) pc.addTransceiver(track, { direction: "sendonly", streams: [own.media] });
    own.tile = tile(name + " (you)", own.media, true);
  }
  chat.begin(pc, () => own && own.id);
  pc.onconnectionstatechange = () => {
    if (!own || own.pc !== pc) return;
    if (own.tile) own.tile.how.textContent = pc.connectionState === "connected" ? "" : pc.connectionState;
    if (pc.connectionState !== "failed") return;
    leave();
    note("The connection to the server was lost; joining again…", true);
    setTimeout(() => $("join").hidden || enter(withMedia), again);
  };
  own.session = await negotiate(pc, `rooms/${encodeURIComponent(room)}/whip?name=${encodeURIComponent(name)}`);
  own.id = own.session.split("/").pop();
}

// subscribe receives one stream.
async function subscribe(info) {
  const pc = new RTCPeerConnection(), media = new MediaStream();
  const other = { pc, tile: tile(info.name, media, false) };
  others.set(info.id, other);
  pc.ontrack = e => media.addTrack(e.track);
  pc.onconnectionstatechange = () => {
    other.tile.how.textContent = pc.connectionState === "connected" ? "" : pc.connectionState;
    if (pc.connectionState === "failed") retry(info.id);
  };
  if (info.audio) pc.addTransceiver("audio", { direction: "recvonly" });
  if (info.video) pc.addTransceiver("video", { direction: "recvonly" });
  try {
    other.session = await negotiate(pc, `rooms/${encodeURIComponent(room)}/whep/${info.id}`);
    if (!others.has(info.id)) end(other.session);
  } catch (e) {
    if (others.get(info.id) !== other) return; // was ended meanwhile
    retry(info.id);
    note(`${info.name}: ${e.message}`, true);
  }
}

// retry ends what has failed and begins anew a little later, if the stream is still there.
function retry(id) {
  unsubscribe(id);
  setTimeout(() => events && follow(), again);
}

function end(session) {
  if (session) fetch(session.replace(/^\//, ""), { method: "DELETE", keepalive: true }).catch(() => {});
}

function unsubscribe(id) {
  const other = others.get(id);
  if (!other) return;
  others.delete(id);
  other.pc.close();
  other.tile.remove();
  end(other.session);
}

// follow receives those who are in the room, and nobody else.
function follow() {
  const list = listed.filter(s => !own || s.id !== own.id);
  for (const id of [...others.keys()]) if (!list.some(s => s.id === id)) unsubscribe(id);
  for (const s of list) if (!others.has(s.id)) subscribe(s);
  note(list.length ? `${list.length} other${list.length > 1 ? "s" : ""} here.` : "Nobody else is here yet: copy the link to invite people.");
}

// watch tells who is in the room from now on.
function watch() {
  events = new EventSource(`rooms/${encodeURIComponent(room)}/streams`);
  events.onmessage = e => {
    listed = JSON.parse(e.data);
    follow();
  };
  events.onerror = () => note("The server cannot be reached; trying again.", true);
}

async function enter(withMedia) {
  $("join").hidden = true;
  note("Connecting…");
  try {
    await connect($("name").value.trim() || "somebody", withMedia);
    $("mute").hidden = $("camera").hidden = !withMedia;
    for (const id of ["mute", "camera"]) press(id, false);
    $("inside").hidden = $("meeting").hidden = false;
    watch();
  } catch (e) {
    leave();
    note(e.name === "NotAllowedError" ? "The browser was not allowed to use camera and microphone." : e.message, true);
  }
}

function leave() {
  if (events) { events.close(); events = null; }
  for (const id of [...others.keys()]) unsubscribe(id);
  chat.end();
  if (own) {
    if (own.media) own.media.getTracks().forEach(t => t.stop());
    own.pc.close();
    if (own.tile) own.tile.remove();
    end(own.session);
    own = null;
  }
  $("inside").hidden = $("meeting").hidden = true;
  $("join").hidden = false;
  note("");
}

// What the buttons of our own tracks say when they are on, and when they are off.
const toggles = { mute: ["Mute", "Unmute", "audio"], camera: ["Camera off", "Camera on", "video"] };

function press(id, off) {
  const [on, back, kind] = toggles[id];
  for (const track of own.media ? own.media.getTracks() : []) if (track.kind === kind) track.enabled = !off;
  $(id).setAttribute("aria-pressed", String(off));
  $(id).textContent = off ? back : on;
}

$("join").onsubmit = e => { e.preventDefault(); enter(true); };
$("watch").onclick = () => enter(false);
$("leave").onclick = leave;
for (const id of ["mute", "camera"]) $(id).onclick = () => press(id, $(id).getAttribute("aria-pressed") !== "true");
$("invite").onclick = async () => {
  const link = new URL(location.href);
  link.search = "?room=" + encodeURIComponent(room);
  try {
    await navigator.clipboard.writeText(link);
    $("invite").textContent = "Copied";
  } catch (e) {
    prompt("The address of this room", link); // a page that is not secure has no clipboard
  }
  setTimeout(() => $("invite").textContent = "Copy link", 2000);
};
addEventListener("pagehide", leave);
for (const id of ["enter", "watch"]) $(id).disabled = false; // only now: without us the form would send its reader to the lobby
