// The page for a person. It connects to the server with one click and shows what the connection does.
//
// server.js talks to the signalling server, picture.js makes a test picture, plot.js draws.

import * as server from './server.js';
import { testPicture } from './picture.js';
import { Plot, drawTimeline } from './plot.js';

const $ = (id) => document.getElementById(id);
const plot = new Plot($('plot'));
let link = null; // the connection, null when there is none

$('connect').onclick = () => (link ? hangUp('You closed the connection.') : connect());
$('form').onsubmit = (event) => {
  event.preventDefault();
  say($('text').value);
  $('text').value = '';
};
$('sound').onclick = () => {
  const video = $('returned');
  video.muted = !video.muted;
  $('sound').setAttribute('aria-pressed', String(!video.muted));
};
addEventListener('pagehide', () => link && hangUp(''));
server.info().then((i) => { $('about').textContent = `${i.name} ${i.version}`; }).catch(() => {});

async function connect() {
  const l = { pc: new RTCPeerConnection(), times: {}, began: performance.now(), base: 0, source: null, id: '', sent: new Map(), waiting: [] };
  link = l;
  $('connect').textContent = 'Disconnect';
  $('connect').classList.add('stop');
  document.querySelector('.link').className = 'card link';
  verdict('Connecting…');
  layers();
  plot.clear();
  l.pc.ontrack = ({ streams }) => { if (link === l) $('returned').srcObject = streams[0]; };
  l.pc.onconnectionstatechange = () => {
    if (link === l && l.pc.connectionState === 'failed') hangUp('The connection failed.', true);
  };
  try {
    if ($('offerer').value === 'server') await called(l);
    else await calling(l);
    if (link !== l) return;
    l.timer = setInterval(() => refresh(l), 500);
    const dtls = l.pc.sctp?.transport ?? l.pc.getSenders()[0]?.transport;
    const check = () => {
      if (link === l && dtls.state === 'failed') hangUp('The DTLS handshake was refused.', true);
      if (link === l && dtls.state === 'closed') hangUp('The server closed the connection.');
    };
    if (dtls) { dtls.onstatechange = check; check(); }
    await refresh(l);
  } catch (error) {
    if (link === l) hangUp(error.message, true);
  }
}

// calling offers the server media and data.
async function calling(l) {
  l.source = $('source').value === 'camera'
    ? await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 }, audio: true }).then((stream) => ({ stream, stop: () => stream.getTracks().forEach((t) => t.stop()) }))
    : testPicture();
  if (link !== l) return l.source.stop();
  $('sent').srcObject = l.source.stream;
  for (const track of l.source.stream.getTracks()) l.pc.addTrack(track, l.source.stream);
  open(l, l.pc.createDataChannel('chat'));
  l.began = performance.now();
  await l.pc.setLocalDescription();
  await gathered(l.pc);
  note(l, 'gathered');
  l.base = l.times.gathered;
  const offer = $('forge').checked ? forged(l.pc.localDescription.sdp) : l.pc.localDescription.sdp;
  const answer = await server.offer(offer, $('setup').value);
  l.id = answer.id;
  note(l, 'answer');
  await l.pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
}

// called lets the server offer, and answers.
async function called(l) {
  l.pc.ondatachannel = ({ channel }) => open(l, channel);
  const offer = await server.call();
  l.id = offer.id;
  await l.pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  await l.pc.setLocalDescription();
  await gathered(l.pc);
  note(l, 'gathered');
  const sdp = l.pc.localDescription.sdp;
  await server.answer(l.id, $('forge').checked ? forged(sdp) : sdp);
  note(l, 'answer');
}

// gathered waits for all candidates, which travel in the description; two seconds are enough on any path that works.
function gathered(pc) {
  return new Promise((resolve) => {
    const check = () => { if (pc.iceGatheringState === 'complete') resolve(); };
    pc.onicegatheringstatechange = check;
    setTimeout(resolve, 2000);
    check();
  });
}

// forged changes one digit of the fingerprint in a description.
function forged(sdp) {
  return sdp.replace(/(a=fingerprint:\S+ )(.)/g, (_, before, digit) => before + (digit === '0' ? '1' : '0'));
}

function open(l, channel) {
  channel.binaryType = 'arraybuffer';
  channel.onopen = () => {
    note(l, 'channel');
    l.channel = channel;
    $('text').disabled = $('send').disabled = false;
    refresh(l);
  };
  channel.onmessage = ({ data }) => {
    const sent = l.waiting.shift();
    line('back', data, sent && `${(performance.now() - sent).toFixed(1)} ms`);
  };
  channel.onclose = () => { $('text').disabled = $('send').disabled = true; };
}

function say(text) {
  if (!text || link?.channel?.readyState !== 'open') return;
  link.waiting.push(performance.now());
  line('there', text);
  link.channel.send(text);
}

function line(kind, text, note) {
  const li = document.createElement('li');
  li.className = kind;
  li.textContent = text;
  if (note) li.append(Object.assign(document.createElement('small'), { textContent: note }));
  $('log').append(li);
  while ($('log').children.length > 200) $('log').firstChild.remove();
  $('log').scrollTop = $('log').scrollHeight;
}

// note remembers when a step was done, the first time, in milliseconds from the offer.
function note(l, step) {
  l.times[step] ??= performance.now() - l.began;
  if (link === l) drawTimeline($('timeline'), l.times, $('setupTotal'));
}

// noteServer takes the steps that the server noted, whose clock began with our request: a page hears of them later, and
// not in order.
function noteServer(l, timeline) {
  const after = (t, step) => Math.max(l.base + t, l.times[step] ?? 0);
  if (timeline.ice) l.times.ice = after(timeline.ice, 'answer');
  if (timeline.dtls) l.times.dtls = after(timeline.dtls, 'ice');
  drawTimeline($('timeline'), l.times, $('setupTotal'));
}

async function hangUp(reason, failed = false) {
  const l = link;
  link = null;
  clearInterval(l.timer);
  $('connect').textContent = 'Connect';
  $('connect').classList.remove('stop');
  $('text').disabled = $('send').disabled = $('sound').disabled = true;
  $('sent').srcObject = $('returned').srcObject = null;
  $('sentFacts').textContent = $('returnedFacts').textContent = 'not connected';
  $('channelFacts').textContent = $('rate').textContent = '';
  document.querySelector('.link').className = failed ? 'card link down' : 'card link';
  verdict(reason);
  if (l.id && failed) { // the server knows why
    const s = await server.stats(l.id).catch(() => null);
    if (s && !link) { layers(s); noteServer(l, s.timeline); verdict(s.dtlsState === 'failed' ? 'The DTLS handshake was refused.' : reason, s.error); }
  } else if (!link) layers();
  l.source?.stop();
  l.pc.close();
  if (l.id) server.close(l.id).catch(() => {});
}

// refresh asks both sides how it goes.
async function refresh(l) {
  const [s, report] = await Promise.all([server.stats(l.id), l.pc.getStats()]).catch(() => [null]);
  if (link !== l || !s) return;
  if (s.dtlsState === 'failed') return hangUp('The server refused the connection.', true);
  layers(s);
  noteServer(l, s.timeline);
  document.querySelector('.link').classList.toggle('up', s.state === 'connected');
  if (s.state === 'connected') verdict('Connected, and the certificate is the announced one.');
  traffic(l, s);
  media(report);
}

function traffic(l, s) {
  const now = performance.now();
  const total = { t: now, in: s.rtpInBytes + s.messageBytes.in, out: s.rtpOutBytes + s.messageBytes.out, packets: s.rtpIn + s.messagesIn };
  if (l.before) {
    const seconds = (now - l.before.t) / 1000;
    const there = (total.in - l.before.in) / seconds;
    plot.add(there * 8, (total.out - l.before.out) / seconds * 8);
    $('rate').textContent = `${kilo(there)}B/s, ${Math.round((total.packets - l.before.packets) / seconds)} packets/s`;
  }
  l.before = total;
  $('channelFacts').textContent = s.channels ? `${s.channels} channel, ${s.messagesIn} in, ${s.messagesOut} out` : '';
}

function media(report) {
  for (const r of report.values()) {
    if (r.kind !== 'video') continue;
    if (r.type === 'outbound-rtp') $('sentFacts').textContent = facts(r, r.framesEncoded);
    if (r.type === 'inbound-rtp') {
      $('returnedFacts').textContent = facts(r, r.framesDecoded);
      $('sound').disabled = false;
    }
  }
}

const facts = (r, frames) => `${r.frameWidth ? `${r.frameWidth}×${r.frameHeight}, ` : ''}${frames ?? 0} frames`;
const kilo = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} M` : n >= 1e3 ? `${(n / 1e3).toFixed(1)} k` : `${Math.round(n)} `);

function verdict(text, detail) {
  $('verdict').textContent = text;
  if (detail) $('verdict').append(Object.assign(document.createElement('small'), { textContent: detail }));
}

// layers shows what the server tells of each layer; without stats, that there is nothing.
function layers(s) {
  const other = { client: 'server', server: 'client' };
  $('pageRole').textContent = s?.dtlsRole ? `DTLS ${other[s.dtlsRole] ?? ''}` : 'browser';
  $('serverRole').textContent = s?.dtlsRole ? `DTLS ${s.dtlsRole}` : 'Go program';
  const failed = s?.dtlsState === 'failed';
  const done = s?.dtlsState === 'connected';
  layer('ICE', s?.timeline.ice ? 'ok' : s && !failed ? 'wait' : '', s?.timeline.ice
    ? `the server is ${s.iceRole}${s.rtt ? `, round trip ${s.rtt.toFixed(1)} ms` : ''}` : 'a path over UDP', s?.timeline.ice ? `${s.remoteAddress} → ${s.localAddress}` : '');
  layer('DTLS', failed ? 'bad' : done ? 'ok' : s ? 'wait' : '', done ? `${s.version}, ${s.group}` : failed ? 'refused' : 'keys and identity', done ? s.cipherSuite : '');
  const matches = s?.fingerprint === 'matches';
  layer('Fingerprint', matches ? 'ok' : failed ? 'bad' : s ? 'wait' : '', matches ? 'matches the announced one' : s && s.fingerprint !== 'pending' ? `${s.fingerprint} the announced one` : 'is it the announced certificate?',
    s?.remoteFingerprint ? s.remoteFingerprint.map((f) => `${f.slice(0, 31)}…`).join(' ') : '');
  layer('SRTP', s?.srtpProfile ? 'ok' : '', s?.srtpProfile ? `${s.rtpIn} packets in, ${s.rtpOut} back` : 'audio and video', s?.srtpProfile ?? '');
  layer('SCTP', s?.channels ? 'ok' : '', s?.channels ? `${s.channels} data channel${s.channels > 1 ? 's' : ''}, ${s.messagesIn} messages in` : 'data channels', '');
}

function layer(name, state, text, small) {
  const li = $(`layer${name}`);
  li.className = state;
  const span = li.querySelector('span');
  span.textContent = text;
  if (small) span.append(Object.assign(document.createElement('small'), { textContent: small }));
}

layers();
drawTimeline($('timeline'), {}, $('setupTotal'));
