// libwebrtc, as @roamhq/wrtc has it.

import wrtc from '@roamhq/wrtc';

const { RTCAudioSource, RTCVideoSource } = wrtc.nonstandard;

export function install() {
  const { RTCPeerConnection, RTCSessionDescription, MediaStream } = wrtc;
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, MediaStream });
  Object.defineProperty(globalThis, 'navigator', { value: { mediaDevices: { getUserMedia } }, configurable: true });
}

// getUserMedia has a tone and a picture that moves.
async function getUserMedia({ audio, video }) {
  const stream = new wrtc.MediaStream();
  if (audio) stream.addTrack(tone());
  if (video) stream.addTrack(picture(video.width ?? 320, video.height ?? 240));
  return stream;
}

// every calls f again and again until a track is stopped.
function every(ms, track, f) {
  const timer = setInterval(() => (track.readyState === 'ended' ? clearInterval(timer) : f()), ms);
  return track;
}

function tone() {
  const source = new RTCAudioSource();
  const sampleRate = 48000;
  let n = 0;
  return every(10, source.createTrack(), () => {
    const samples = new Int16Array(sampleRate / 100);
    for (let i = 0; i < samples.length; i++) samples[i] = 8000 * Math.sin(2 * Math.PI * 440 * n++ / sampleRate);
    source.onData({ samples, sampleRate, bitsPerSample: 16, channelCount: 1, numberOfFrames: samples.length });
  });
}

function picture(width, height) {
  const source = new RTCVideoSource();
  let n = 0;
  return every(50, source.createTrack(), () => {
    const data = new Uint8ClampedArray(width * height * 3 / 2).fill(128);
    for (let i = 0; i < width * height; i++) data[i] = i + 4 * n;
    n++;
    source.onFrame({ width, height, data });
  });
}
