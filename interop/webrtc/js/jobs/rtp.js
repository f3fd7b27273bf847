// Jobs of stacks that have RTP packets and no codecs. Such a stack has a sendPackets(pc), which takes the connection before it is set
// up and returns {send(payload, timestamp, marker), got, frame, ask, asked}: got is what came, as {payload, timestamp, marker, ssrc, ...},
// frame makes one of VP8 of packets of that kind, ask sends a PLI for what came, and asked is how many have come for what is sent.

import { begin, connected, must, sleep, stats, until } from './connect.js';

// payload is one of 100 bytes, no two alike.
const payload = (n) => Uint8Array.from({ length: 100 }, (_, i) => (i < 2 ? n >> (8 * i) : n * 31 + i * 7) & 255);

// begun returns the connection and its media when packets come back.
async function begun(job) {
  let media;
  const c = await begin(job, (pc) => { media = globalThis.sendPackets(pc); });
  await connected(c);
  let sent = 0;
  return { c, media, count: (n) => until('packets to come back', (awaits) => {
    media.send(payload(sent), sent++ * 3000, true);
    awaits(`packets to come back: ${sent} sent, ${media.got.length} came`);
    return media.got.length >= n;
  }) };
}

// rtp wants the payload of packets back, byte for byte.
export async function rtp(job) {
  const { c, media, count } = await begun(job);
  await count(20);
  for (const { payload: came } of media.got) {
    const want = payload(came[0] | came[1] << 8);
    must(came.length === want.length && want.every((b, i) => b === came[i]), `a payload came back as ${came.length} other bytes`);
  }
  const s = await stats(c.id);
  must(s.rtpIn >= 20, `the server counts ${s.rtpIn} packets`);
  must(/^SRTP_/.test(s.srtpProfile), `srtpProfile is ${s.srtpProfile}`);
  job.facts.rtpIn = s.rtpIn;
}

const room = 1000; // bytes of a frame in a packet

// video sends the frames of a clip, and has those that come back looked at by who gave it.
export async function video(job) {
  const frames = (await (await fetch('/clip')).json()).map((text) => Buffer.from(text, 'base64'));
  const { media, count } = await begun(job);
  await count(1); // the way is open
  let verdict;
  for (let attempt = 1; attempt <= 3; attempt++) { // a busy machine may lose a packet
    const first = 0x10000000 * attempt; // timestamps of this attempt begin there
    for (const [n, frame] of frames.entries()) {
      for (let at = 0; at < frame.length; at += room) {
        const descriptor = at === 0 ? 0x10 : 0; // S: the start of a partition (RFC 7741, Section 4.2)
        media.send(Buffer.concat([Buffer.of(descriptor), frame.subarray(at, at + room)]), first + n * 3000, at + room >= frame.length);
      }
      await sleep(10);
    }
    const last = first + (frames.length - 1) * 3000;
    await until('the last frame', () => media.got.some(({ timestamp, marker }) => timestamp === last && marker), 3000).catch(() => {});
    const came = frames.map((_, n) => media.got.filter(({ timestamp }) => timestamp === first + n * 3000)).filter((packets) => packets.length > 0).map(media.frame);
    const response = await fetch('/clip', { method: 'POST', body: JSON.stringify(came.map((f) => f.toString('base64'))) });
    verdict = await response.json();
    job.facts.frames = came.length;
    job.facts.attempts = attempt;
    if (!verdict.error) return;
  }
  must(false, verdict.error);
}

// asksForKeyFrame asks for a key frame of what comes back, until the sender is asked.
export async function asksForKeyFrame(job) {
  const { media, count } = await begun(job);
  await count(1);
  await until('a PLI for our encoder', async (awaits) => {
    media.ask(media.got[0].ssrc);
    await sleep(100);
    if (media.astray) awaits('a PLI for our encoder: the receiver gets it');
    return media.asked > 0;
  }, globalThis.refusalPatience);
  job.facts.pli = media.asked;
}
