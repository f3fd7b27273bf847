import { encode, decode } from './code.js';

// A Connection is a peer connection with the one channel, and its messages in order.
export class Connection {
  #messages = [];
  #waiting = null;
  #broken = null; // why nothing more will come

  constructor() {
    this.pc = new RTCPeerConnection();
    this.pc.onconnectionstatechange = () => {
      if (['failed', 'closed'].includes(this.pc.connectionState)) this.#end(new Error('The connection is broken.'));
    };
  }

  #end(reason) {
    this.#broken ??= reason;
    this.#waiting?.();
  }

  #use(channel) {
    this.channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = 512 * 1024;
    channel.onmessage = e => { this.#messages.push(e.data); this.#waiting?.(); };
    channel.onclose = () => this.#end(new Error('The other side is gone.'));
    channel.onbufferedamountlow = () => this.#waiting?.();
  }

  // next waits for a message.
  async next() {
    while (this.#messages.length === 0) {
      if (this.#broken) throw this.#broken;
      await new Promise(resolve => { this.#waiting = resolve; });
    }
    return this.#messages.shift();
  }

  // send sends a message, and waits while too much is queued.
  async send(data) {
    while (this.channel.bufferedAmount > 1024 * 1024) {
      if (this.#broken) throw this.#broken;
      await new Promise(resolve => { this.#waiting = resolve; });
    }
    if (this.#broken) throw this.#broken;
    this.channel.send(data);
  }

  // offer makes the sender's code.
  async offer() {
    this.#use(this.pc.createDataChannel('file'));
    await this.pc.setLocalDescription();
    return this.#gathered();
  }

  // accept takes the receiver's code and waits for the channel.
  async accept(code) {
    await this.pc.setRemoteDescription(await decode('answer', code));
    if (this.channel.readyState !== 'open') {
      await new Promise((resolve, reject) => {
        this.channel.onopen = resolve;
        this.#waiting = () => this.#broken && reject(this.#broken);
      });
    }
  }

  // answer takes the sender's code and makes the receiver's. The channel comes with opened.
  async answer(code) {
    const offer = await decode('offer', code);
    this.opened = new Promise((resolve, reject) => {
      this.pc.ondatachannel = e => { this.#use(e.channel); resolve(); };
      this.#waiting = () => this.#broken && reject(this.#broken);
    });
    await this.pc.setRemoteDescription(offer);
    await this.pc.setLocalDescription();
    return this.#gathered();
  }

  async #gathered() {
    if (this.pc.iceGatheringState !== 'complete') {
      await Promise.race([
        new Promise(resolve => this.pc.addEventListener('icegatheringstatechange', () => {
          if (this.pc.iceGatheringState === 'complete') resolve();
        })),
        new Promise(resolve => setTimeout(resolve, 3000)),
      ]);
    }
    return encode(this.pc.localDescription);
  }

  close() { this.pc.close(); }
}
