// libdatachannel, as node-datachannel has it, with the interfaces of the W3C.

import { RTCPeerConnection, RTCSessionDescription } from 'node-datachannel/polyfill';
import { made } from './rsa.mjs';

export function install() {
  globalThis.rsaConfiguration = () => {
    const { key, certificate } = made();
    return { certificatePemFile: certificate, keyPemFile: key }; // it takes texts as well
  };
  Object.assign(globalThis, { RTCPeerConnection, RTCSessionDescription, failedStates: ['failed', 'closed'] }); // it says closed of what was refused
}
