// Jobs with audio and video.

import { begin, camera, connected, echoes, must, open, opened, sleep, stats, until } from './connect.js';
import { asksForKeyFrame } from './rtp.js';

// play shows incoming tracks, since a browser may not decode what nobody sees.
function play(job, pc) {
  pc.ontrack = ({ track }) => {
    if (typeof document === 'undefined') return;
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
  await until('media to come back', async (awaits) => {
    const report = [...(await c.pc.getStats()).values()].filter((r) => r.type === 'inbound-rtp');
    seen = {
      frames: report.filter((r) => r.kind === 'video').map((r) => r.framesDecoded ?? 0),
      audio: report.filter((r) => r.kind === 'audio').reduce((n, r) => n + r.packetsReceived, 0),
    };
    awaits(`media to come back, now ${JSON.stringify(seen)}`);
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
  if (globalThis.sendPackets) return asksForKeyFrame(job);
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
  await until('a key frame of our encoder', async (awaits) => {
    worker.postMessage('ask'); // the browser need not send one for each that we ask
    await sleep(200);
    const now = await sent();
    awaits(`a PLI for our encoder: ${now.pliCount} now, ${before.pliCount} before; the worker says ${said}`);
    return now.pliCount > before.pliCount;
  });
  job.facts.pli = (await sent()).pliCount;
}
