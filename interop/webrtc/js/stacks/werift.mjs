// werift, which is all TypeScript: RTP packets without codecs.

import { MediaStreamTrack, RTCCertificate, RTCDataChannel, RTCPeerConnection, RTCSessionDescription, RtpHeader, RtpPacket } from 'werift';
import { made } from './rsa.mjs';

export function install() {
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, sendPackets });
  globalThis.rsaConfiguration = () => {
    const { key, certificate } = made();
    return { certificates: [new RTCCertificate(key, certificate, { hash: 4, signature: 1 })] }; // SHA-256, RSA
  };
  globalThis.refusalPatience = 8000; // it does not come
  globalThis.messageCount = 200; // 2000 take it half a minute
  globalThis.messageSizes = { min: 1 }; // nothing follows an empty one, and it takes none of 256 KiB
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (data) { // it takes a Buffer and no ArrayBuffer
    return send.call(this, typeof data === 'string' ? data : Buffer.from(data));
  };
}

function sendPackets(pc) {
  const track = new MediaStreamTrack({ kind: 'video' });
  const media = {
    got: [],
    n: 0,
    send(payload) {
      const header = new RtpHeader({ payloadType: 96, sequenceNumber: media.n, timestamp: media.n * 3000, ssrc: 4711, marker: true });
      media.n++;
      track.writeRtp(new RtpPacket(header, Buffer.from(payload)));
    },
  };
  pc.ontrack = ({ track: came }) => came.onReceiveRtp.subscribe((packet) => media.got.push(packet.payload));
  pc.addTransceiver(track, { direction: 'sendrecv' });
  return media;
}
