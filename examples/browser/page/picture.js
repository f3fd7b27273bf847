// testPicture is a camera for who has none, or wants to see the delay: a moving picture with a clock, and a soft beep
// each second.

export function testPicture() {
  const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 480 });
  const c = canvas.getContext('2d');
  const began = performance.now();
  const draw = () => {
    const t = (performance.now() - began) / 1000;
    const sky = c.createLinearGradient(0, 0, 640, 480);
    sky.addColorStop(0, `hsl(${(t * 24) % 360} 60% 34%)`);
    sky.addColorStop(1, `hsl(${(t * 24 + 90) % 360} 65% 20%)`);
    c.fillStyle = sky;
    c.fillRect(0, 0, 640, 480);
    c.strokeStyle = '#fff3';
    c.lineWidth = 2;
    for (let i = 1; i < 8; i++) {
      c.beginPath();
      for (let x = 0; x <= 640; x += 16) c.lineTo(x, 60 * i + 18 * Math.sin(x / 70 + t * 2 + i));
      c.stroke();
    }
    c.fillStyle = '#fff';
    c.beginPath();
    c.arc(320 + 230 * Math.cos(t * 1.7), 300 + 110 * Math.sin(t * 2.3), 26, 0, 2 * Math.PI);
    c.fill();
    c.textAlign = 'center';
    c.font = '600 86px ui-monospace, Menlo, Consolas, monospace';
    c.fillText(t.toFixed(2).padStart(6, '0'), 320, 130);
    c.font = '24px system-ui, sans-serif';
    c.fillText('seconds', 320, 168);
  };
  draw();
  const timer = setInterval(draw, 1000 / 30);
  const stream = canvas.captureStream(30);
  const sound = beeper();
  if (sound) stream.addTrack(sound.track);
  return {
    stream,
    stop() {
      clearInterval(timer);
      sound?.stop();
      stream.getTracks().forEach((track) => track.stop());
    },
  };
}

// beeper is a soft tone for a tenth of each second, or null where there is no Web Audio.
function beeper() {
  try {
    const audio = new AudioContext();
    const tone = new OscillatorNode(audio, { frequency: 660 });
    const gain = new GainNode(audio, { gain: 0 });
    const out = audio.createMediaStreamDestination();
    tone.connect(gain).connect(out);
    tone.start();
    audio.resume();
    const timer = setInterval(() => {
      gain.gain.setTargetAtTime(0.15, audio.currentTime, 0.01);
      gain.gain.setTargetAtTime(0, audio.currentTime + 0.1, 0.02);
    }, 1000);
    return { track: out.stream.getAudioTracks()[0], stop() { clearInterval(timer); audio.close(); } };
  } catch {
    return null;
  }
}
