// What the page can be asked to do. Each job gets {setup, facts, clean} and throws if something is not as it should be.

let awaited = null;
export const waitingFor = () => awaited;

// until waits for a condition, named for the report; it may be asynchronous. It returns the condition's value.
async function until(what, condition, patience = 15000) {
  awaited = what;
  const end = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) { awaited = null; return value; }
    if (performance.now() > end) throw new Error(`waited in vain for ${awaited}`);
    await sleep(20);
  }
}

const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function must(condition, message) {
  if (!condition) throw new Error(message);
}

function equal(got, want, what) {
  must(got === want, `${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

async function ask(path, body) {
  const response = await fetch(`/peer/${path}`, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const stats = (id) => ask(`stats?id=${id}`);

// --- connecting

// begin makes a connection with the job's role; prepare adds channels and tracks. edit changes descriptions on the way.
// The connection is not yet up when it returns.
async function begin(job, prepare, { editOffer = (s) => s, editAnswer = (s) => s } = {}) {
  const pc = new RTCPeerConnection();
  const began = performance.now();
  const c = { pc, id: '', states: [], began };
  job.clean.push(async () => {
    pc.close();
    if (c.id) await ask(`close?id=${c.id}`, {});
  });
  await prepare(pc, c);
  await pc.setLocalDescription();
  await gathered(pc);
  const answer = await ask(`offer?setup=${job.setup}`, { type: 'offer', sdp: editOffer(pc.localDescription.sdp) });
  equal(answer.type, 'answer', 'type');
  equal(/a=setup:(\w+)/.exec(answer.sdp)?.[1], job.setup, 'a=setup of the answer');
  c.id = answer.id;
  await pc.setRemoteDescription({ type: 'answer', sdp: editAnswer(answer.sdp) });
  watch(c); // not before: with BUNDLE only one of the transports lives on
  return c;
}

// gathered waits for all candidates of a connection, which then stand in its description.
const gathered = (pc) => until('candidates', () => pc.iceGatheringState === 'complete', 5000);

// watch notes the DTLS states that the page sees.
function watch(c) {
  c.dtls = c.pc.sctp?.transport ?? c.pc.getSenders().find((s) => s.transport)?.transport;
  must(c.dtls, 'no RTCDtlsTransport');
  const note = () => c.states.push(c.dtls.state);
  note();
  c.dtls.onstatechange = note;
}

const connected = (c) => until(`DTLS connected (now ${c.dtls?.state})`, () => c.dtls.state === 'connected');

// withChannel connects with one channel and waits until it is open.
async function withChannel(job, label, options) {
  let channel;
  const c = await begin(job, (pc) => { channel = open(pc, label, options); });
  await opened(channel);
  job.facts.openMs = Math.round(performance.now() - c.began);
  return { c, channel };
}

// open makes a channel that keeps what it receives.
function open(pc, label, options) {
  return keep(pc.createDataChannel(label, options));
}

function keep(channel) {
  channel.binaryType = 'arraybuffer';
  channel.got = [];
  channel.onmessage = ({ data }) => channel.got.push(data);
  return channel;
}

const opened = (channel) => until(`channel ${channel.label} open`, () => channel.readyState === 'open');
const closed = (channel) => until(`channel ${channel.label} closed`, () => channel.readyState === 'closed');
const received = (channel, n) => until(`${n} messages on ${channel.label} (${channel.got.length} now)`, () => channel.got.length >= n);

// same compares two messages, kind and bytes.
function same(got, want, what) {
  if (typeof want === 'string') return equal(got, want, what);
  must(got instanceof ArrayBuffer, `${what} is ${typeof got}, want binary`);
  const [a, b] = [new Uint8Array(got), new Uint8Array(want)];
  equal(a.length, b.length, `length of ${what}`);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) throw new Error(`${what} differs at byte ${i}`);
}

function bytes(n) {
  const b = new Uint8Array(n);
  for (let i = 0; i < n; i++) b[i] = (i * 131 + (i >> 8)) & 255;
  return b.buffer;
}

// echoes sends messages and wants them back, in order.
async function echoes(channel, messages) {
  for (const m of messages) channel.send(m);
  await received(channel, messages.length);
  messages.forEach((m, i) => same(channel.got[i], m, `message ${i}`));
  channel.got = [];
}

// --- data channels

export async function reports(job) {
  const { c } = await withChannel(job, 'chat');
  const s = await until('the server to be connected', async () => { const v = await stats(c.id); return v.state === 'connected' && v; });
  equal(s.dtlsState, 'connected', 'dtlsState');
  equal(s.dtlsRole, job.setup === 'active' ? 'client' : 'server', 'dtlsRole');
  equal(s.fingerprint, 'matches', 'fingerprint');
  equal(s.extendedMasterSecret, true, 'extendedMasterSecret');
  must(/^TLS_ECDHE_/.test(s.cipherSuite), `cipherSuite is ${s.cipherSuite}`);
  must(s.group, 'no group');
  must(s.timeline.ice <= s.timeline.dtls, `timeline ${JSON.stringify(s.timeline)}`);
  const certificate = await c.pc.getStats().then((r) => [...r.values()].find((v) => v.type === 'transport'));
  if (certificate?.dtlsCipher) equal(certificate.dtlsCipher, s.cipherSuite, 'dtlsCipher in the page');
  Object.assign(job.facts, s.timeline);
}

export async function echo(job) {
  const { channel } = await withChannel(job, 'chat');
  await echoes(channel, ['hello', 'Grüße 🙂', '', bytes(1), bytes(0), bytes(1200), bytes(16384), bytes(65535), bytes(65536), 'x'.repeat(65536), 'end']);
  const many = Array.from({ length: 300 }, (_, i) => `message ${i}`);
  await echoes(channel, many);
}

export async function unreliable(job) {
  let a, b;
  await begin(job, (pc) => {
    a = open(pc, 'lossy', { ordered: false, maxRetransmits: 0 });
    b = open(pc, 'timed', { ordered: true, maxPacketLifeTime: 500, protocol: 'p' });
  });
  for (const channel of [a, b]) {
    await opened(channel);
    await echoes(channel, ['one']); // the path is loopback: nothing is lost
    await echoes(channel, [bytes(3000)]);
  }
}

export async function mirror(job) {
  const wanted = [
    { name: 'plain', options: {} },
    { name: 'retransmits', options: { ordered: false, maxRetransmits: 3 } },
    { name: 'lifetime', options: { maxPacketLifeTime: 1500, protocol: 'chess/2' } },
    { name: 'sink', options: { ordered: false } }, // a mirrored channel echoes whatever its name
  ];
  const mirrored = new Map();
  const channels = [];
  await begin(job, (pc) => {
    pc.ondatachannel = ({ channel }) => mirrored.set(channel.label, keep(channel));
    for (const w of wanted) channels.push(open(pc, `mirror:${w.name}`, w.options));
  });
  for (const [i, w] of wanted.entries()) {
    await opened(channels[i]);
    const back = await until(`channel ${w.name} back`, () => mirrored.get(w.name));
    await opened(back);
    equal(back.ordered, w.options.ordered ?? true, `${w.name} ordered`);
    equal(back.maxRetransmits, w.options.maxRetransmits ?? null, `${w.name} maxRetransmits`);
    equal(back.maxPacketLifeTime, w.options.maxPacketLifeTime ?? null, `${w.name} maxPacketLifeTime`);
    equal(back.protocol, w.options.protocol ?? '', `${w.name} protocol`);
    must(back.id % 2 !== channels[i].id % 2, `both sides use ids ${back.id} and ${channels[i].id}`);
    await echoes(back, ['over the mirrored channel']);
    await echoes(channels[i], ['over the channel itself']);
  }
}

export async function sink(job) {
  const { channel } = await withChannel(job, 'sink');
  let total = 0;
  for (let i = 0; i < 2000; i++) {
    channel.send(new Uint8Array(i % 1000));
    total += i % 1000;
  }
  channel.send('text counts as well');
  total += 19;
  channel.send('end');
  await received(channel, 1);
  equal(channel.got[0], `2001 ${total}`, 'the sink');
}

export async function source(job) {
  const { channel } = await withChannel(job, 'source');
  channel.send('500 4000');
  await received(channel, 500);
  channel.got.forEach((m, i) => {
    equal(m.byteLength, 4000, `length of message ${i}`);
    equal(new DataView(m).getUint32(0), i, `number of message ${i}`);
  });
  channel.got = [];
  channel.send('2 262144');
  await received(channel, 2);
  equal(channel.got[1].byteLength, 262144, 'length of a large message');
}

export async function closeMe(job) {
  let doomed, other;
  await begin(job, (pc) => { doomed = open(pc, 'close-me'); other = open(pc, 'other'); });
  await opened(doomed);
  await opened(other);
  doomed.send('now');
  await closed(doomed);
  await echoes(other, ['still here']);
  other.close(); // from our side this time
  await closed(other);
}

export async function manyChannels(job) {
  const channels = [];
  const c = await begin(job, (pc) => { for (let i = 0; i < 60; i++) channels.push(open(pc, `c${i}`)); });
  for (const channel of channels) await opened(channel);
  await Promise.all(channels.map((channel, i) => echoes(channel, [`${i}`, bytes(i)])));
  await until('60 channels at the server', async () => (await stats(c.id)).channels === 60);
}

// --- media

const camera = (job, constraints) => navigator.mediaDevices.getUserMedia(constraints).then((stream) => {
  job.clean.push(async () => stream.getTracks().forEach((t) => t.stop()));
  return stream;
});

// play shows incoming tracks, since a browser may not decode what nobody sees.
function play(job, pc) {
  pc.ontrack = ({ track }) => {
    const element = document.createElement(track.kind);
    element.muted = element.autoplay = true;
    element.playsInline = true;
    element.srcObject = new MediaStream([track]);
    document.body.append(element);
    element.play().catch(() => {});
    job.clean.push(async () => element.remove());
  };
}

// flows waits until n video sections and the audio have come back decoded.
async function flows(job, c, { videos = 1, audio = true } = {}) {
  let seen = {};
  await until(`media to come back (${JSON.stringify(seen)})`, async () => {
    const report = [...(await c.pc.getStats()).values()].filter((r) => r.type === 'inbound-rtp');
    seen = {
      frames: report.filter((r) => r.kind === 'video').map((r) => r.framesDecoded ?? 0),
      audio: report.filter((r) => r.kind === 'audio').reduce((n, r) => n + r.packetsReceived, 0),
    };
    awaited = `media to come back, now ${JSON.stringify(seen)}`;
    return seen.frames.filter((n) => n > 20).length >= videos && (!audio || seen.audio > 50);
  });
  const s = await stats(c.id);
  must(s.rtpIn > 20, `the server counts ${s.rtpIn} packets`);
  must(/^SRTP_/.test(s.srtpProfile), `srtpProfile is ${s.srtpProfile}`);
  Object.assign(job.facts, { framesDecoded: Math.min(...seen.frames), audioPackets: seen.audio, rtpIn: s.rtpIn, rtpOut: s.rtpOut, rtcpIn: s.rtcpIn, rtcpOut: s.rtcpOut });
}

export async function media(job) {
  const stream = await camera(job, { audio: true, video: { width: 320, height: 240 } });
  let channel;
  const c = await begin(job, (pc) => {
    play(job, pc);
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    channel = open(pc, 'chat');
  });
  await opened(channel);
  await flows(job, c);
  await echoes(channel, ['beside the media']);
}

export async function mediaOnly(job) {
  const stream = await camera(job, { audio: true, video: { width: 320, height: 240 } });
  const c = await begin(job, (pc) => {
    play(job, pc);
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
  });
  must(!c.pc.localDescription.sdp.includes('m=application'), 'there is an m=application');
  await connected(c);
  await flows(job, c);
}

export async function twoVideos(job) {
  const stream = await camera(job, { video: { width: 320, height: 240 } });
  const c = await begin(job, (pc) => {
    play(job, pc);
    const [track] = stream.getVideoTracks();
    pc.addTrack(track, stream);
    pc.addTrack(track.clone(), stream);
  });
  await connected(c);
  await flows(job, c, { videos: 2, audio: false });
}

// keyFrameRequest asks for a key frame of what comes back, and looks whether the page's own encoder was asked.
export async function keyFrameRequest(job) {
  const source = `onrtctransform = ({ transformer }) => {
    transformer.readable.pipeTo(transformer.writable);
    onmessage = () => transformer.sendKeyFrameRequest().then(() => postMessage('asked'), (e) => postMessage('error ' + e));
    postMessage('ready');
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  job.clean.push(async () => worker.terminate());
  const said = [];
  worker.onmessage = ({ data }) => said.push(data);
  const stream = await camera(job, { video: { width: 320, height: 240 } });
  const c = await begin(job, (pc) => {
    play(job, pc);
    pc.addTrack(stream.getVideoTracks()[0], stream);
    const { ontrack } = pc;
    pc.ontrack = (event) => {
      event.receiver.transform = new RTCRtpScriptTransform(worker, {});
      ontrack(event);
    };
  });
  await flows(job, c, { audio: false });
  await until('the transform', () => said.includes('ready'));
  const sent = async () => [...(await c.pc.getStats()).values()].find((r) => r.type === 'outbound-rtp');
  const before = await sent();
  await until('a key frame of our encoder', async () => {
    worker.postMessage('ask'); // the browser need not send one for each that we ask
    await sleep(200);
    const now = await sent();
    awaited = `a PLI for our encoder: ${now.pliCount} now, ${before.pliCount} before; the worker says ${said}`;
    return now.pliCount > before.pliCount;
  });
  job.facts.pli = (await sent()).pliCount;
}

// --- refusals and ends

const forge = (sdp) => sdp.replace(/(a=fingerprint:\S+ )(.)/g, (_, before, digit) => before + (digit === '0' ? '1' : '0'));

// refused waits until both sides have given up, and checks that neither was ever connected.
async function refused(job, edit, whose) {
  let channel;
  const arrived = [];
  const stream = await camera(job, { audio: true });
  const c = await begin(job, (pc) => {
    channel = open(pc, 'chat');
    pc.ondatachannel = (e) => arrived.push(e.channel.label);
    pc.addTrack(stream.getTracks()[0], stream);
  }, edit);
  let serverStates = new Set();
  const s = await until(`${whose} to refuse`, async () => {
    const v = await stats(c.id);
    serverStates.add(v.dtlsState);
    awaited = `${whose} to refuse: page ${c.states}, server ${[...serverStates]} ${v.error ?? ''}`;
    return v.dtlsState === 'failed' && c.dtls.state === 'failed' && v;
  }, 20000);
  must(!c.states.includes('connected'), `the page's DTLS states: ${c.states}`);
  must(!serverStates.has('connected'), `the server's DTLS states: ${[...serverStates]}`);
  must(channel.readyState !== 'open' && arrived.length === 0, 'a channel opened');
  equal(s.rtpIn, 0, 'rtpIn');
  equal(s.channels, 0, 'channels');
  job.facts.ms = Math.round(performance.now() - c.began);
  return s;
}

export async function wrongOfferFingerprint(job) {
  const s = await refused(job, { editOffer: forge }, 'the server');
  equal(s.fingerprint, 'does not match', 'fingerprint');
}

export const wrongAnswerFingerprint = (job) => refused(job, { editAnswer: forge }, 'the page');

export async function pageCloses(job) {
  const { c, channel } = await withChannel(job, 'chat');
  await echoes(channel, ['before']);
  const from = performance.now();
  c.pc.close();
  equal(c.pc.signalingState, 'closed', 'signalingState'); // Firefox 153 leaves the RTCDtlsTransport "connected"
  await until('the server to be closed', async () => {
    const v = await stats(c.id);
    awaited = `the server to be closed, now ${v.dtlsState}`;
    return v.dtlsState === 'closed';
  }, 10000);
  job.facts.ms = Math.round(performance.now() - from);
}

export async function serverCloses(job) {
  const { c, channel } = await withChannel(job, 'chat');
  await echoes(channel, ['before']);
  const from = performance.now();
  await ask(`close?id=${c.id}`, {});
  equal((await stats(c.id)).dtlsState, 'closed', 'dtlsState');
  await closed(channel);
  await until(`the page's DTLS closed (${c.dtls.state})`, () => c.dtls.state === 'closed');
  job.facts.ms = Math.round(performance.now() - from);
}

// --- the page for a person

// page opens the server's own page in a frame and uses it like a person: connect, look, chat, disconnect; and then once
// more with a fingerprint that is wrong.
export async function page(job) {
  const frame = document.createElement('iframe');
  frame.width = 1000;
  frame.height = 700;
  frame.allow = 'autoplay; camera; microphone';
  frame.src = '/peer/';
  job.clean.push(async () => frame.remove());
  await new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
  const $ = (id) => frame.contentDocument.getElementById(id);
  const says = (id, wanted) => until(`#${id} to say ${wanted}`, () => {
    awaited = `#${id} to say ${wanted}, now "${$(id).textContent}"; the verdict is "${$('verdict').textContent}"`;
    return wanted.test($(id).textContent);
  });
  await says('about', /rtctransport/); // the module runs
  $('setup').value = job.setup;
  $('connect').click();
  await says('verdict', /^Connected/);
  await says('returnedFacts', /\d+×\d+, [2-9]\d frames/);
  await says('serverRole', job.setup === 'active' ? /client/ : /server/);
  await says('layerDTLS', /TLS_ECDHE/);
  await says('layerSRTP', /SRTP_/);
  await says('setupTotal', /ms/);
  await says('rate', /packets/);
  $('text').value = 'hello & <b>goodbye</b>';
  $('form').requestSubmit();
  await says('log', /hello & <b>goodbye<\/b>.*hello & <b>goodbye<\/b>/s);
  $('connect').click();
  await says('verdict', /^You closed/);
  $('forge').checked = true;
  $('connect').click();
  await says('verdict', /refused.*does not match/s);
  await says('connect', /^Connect$/);
}

// --- the server offers

// called answers the server's offer; edit changes the answer before it is set.
async function called(job, edit) {
  const pc = new RTCPeerConnection();
  const offer = await ask('call', {});
  job.clean.push(async () => {
    pc.close();
    await ask(`close?id=${offer.id}`, {});
  });
  equal(offer.type, 'offer', 'type');
  must(offer.sdp.includes('a=setup:actpass'), 'the offer is not actpass');
  const channels = [];
  pc.ondatachannel = ({ channel }) => channels.push(keep(channel));
  await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
  const answer = await pc.createAnswer();
  await pc.setLocalDescription({ type: 'answer', sdp: edit(answer.sdp) });
  await gathered(pc);
  await ask(`answer?id=${offer.id}`, { type: 'answer', sdp: pc.localDescription.sdp });
  const channel = await until('the channel of the server', () => channels[0]);
  equal(channel.label, 'from-server', 'label');
  await opened(channel);
  await echoes(channel, ['hello', '', bytes(0), bytes(65536)]);
  const own = open(pc, 'own');
  await opened(own);
  await echoes(own, ['of the page']);
  return stats(offer.id);
}

export async function call(job) {
  equal((await called(job, (sdp) => sdp)).dtlsRole, 'server', 'dtlsRole');
}

export async function callAnsweredPassive(job) {
  equal((await called(job, (sdp) => sdp.replaceAll('a=setup:active', 'a=setup:passive'))).dtlsRole, 'client', 'dtlsRole');
}
