// libdatachannel, as node-datachannel has it, with the interfaces of the W3C; these know nothing of tracks, so that packets go over
// the connection below.

import { PeerConnection, Video } from 'node-datachannel';
import { RTCPeerConnection as OfData, RTCSessionDescription } from 'node-datachannel/polyfill';
import { made } from './rsa.mjs';

class RTCPeerConnection extends OfData {
  constructor(configuration) {
    const below = new PeerConnection('', { iceServers: [], ...configuration });
    super({ ...configuration, peerConnection: below });
    this.below = below;
  }
}

export function install() {
  globalThis.rsaConfiguration = () => {
    const { key, certificate } = made();
    return { certificatePemFile: certificate, keyPemFile: key }; // it takes texts as well
  };
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, sendPackets, failedStates: ['failed', 'closed'] }); // it says closed of what was refused
}

const ssrc = 4711, payloadType = 96, headerSize = 12;

function sendPackets(pc) {
  const section = new Video('0', 'SendRecv');
  section.addVP8Codec(payloadType);
  section.addSSRC(ssrc, 'video', 'stream', 'track');
  const track = pc.below.addTrack(section);
  pc.below.setLocalDescription();
  const media = {
    got: [],
    asked: 0,
    n: 0,
    ask(about) {
      const pli = Buffer.from([2 << 6 | 1, 206, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]); // FMT 1, PSFB (RFC 4585, Section 6.3.1)
      pli.writeUInt32BE(ssrc, 4);
      pli.writeUInt32BE(about, 8);
      track.sendMessageBinary(pli);
    },
    send(payload, timestamp, marker) {
      const header = Buffer.alloc(headerSize); // RFC 3550, Section 5.1
      header[0] = 2 << 6;
      header[1] = payloadType | (marker ? 128 : 0);
      header.writeUInt16BE(media.n++ & 65535, 2);
      header.writeUInt32BE(timestamp, 4);
      header.writeUInt32BE(ssrc, 8);
      if (track.isOpen()) track.sendMessageBinary(Buffer.concat([header, payload])); // or it is lost, as on other paths
    },
    frame: (packets) => Buffer.concat(packets.map(({ payload }) => payload.subarray(1))), // without the descriptor, one byte as we send it
  };
  track.onMessage((b) => {
    if (b[1] === 206 && (b[0] & 31) === 1) media.asked++;
    if ((b[1] & 127) !== payloadType) return; // RTCP
    media.got.push({ payload: Buffer.from(b.subarray(headerSize)), timestamp: b.readUInt32BE(4), marker: b[1] >= 128, ssrc: b.readUInt32BE(8) });
  });
  return media;
}
